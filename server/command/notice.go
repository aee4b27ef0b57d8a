package command

import (
	"context"
	"fmt"
	"strings"
	"time"

	"broker/ent"
	"broker/ent/noticedelivery"
	"broker/server/fault"
	"broker/server/notice"
)

// noticesOf are the notices, of which this process delivers none: a running server does.
func (t *tools) noticesOf() (*notice.Service, error) {
	sealer, err := t.config.Sealer()
	if err != nil {
		return nil, err
	}
	c := notice.Config{DB: t.db, Audit: t.events, Sealer: sealer, Policy: t.config.Upstreams, PublicURL: t.config.PublicURL.String(), Log: t.config.Log, Now: time.Now}
	if t.config.Mail != nil {
		c.Mail = t.config.Mail
	}
	return notice.New(c), nil
}

func addEndpoint(f *flags) work {
	url, description := f.String("url", "", "where notices are sent"), f.String("description", "", "what it is for, up to 200 characters")
	var kinds many
	f.Var(&kinds, "kind", "")
	return func(ctx context.Context, t *tools) error {
		notices, err := t.noticesOf()
		if err != nil {
			return err
		}
		row, secret, err := notices.CreateEndpoint(ctx, notice.NewEndpoint{URL: *url, Description: *description, Kinds: kinds})
		if err != nil {
			return err
		}
		return t.tellEndpoint(row, secret)
	}
}

// tellEndpoint prints a secret alone on standard output.
func (t *tools) tellEndpoint(row *ent.NoticeEndpoint, secret string) error {
	fmt.Fprintf(t.Err, "Notices are sent to %s (%s), signed with the secret that follows; it is not shown again.\n", row.URL, row.ID)
	_, err := fmt.Fprintln(t.Out, secret)
	return err
}

// listedEndpoint is an endpoint in JSON, with the names of the GraphQL API.
type listedEndpoint struct {
	ID                   string     `json:"id"`
	URL                  string     `json:"url"`
	Description          string     `json:"description"`
	Kinds                []string   `json:"kinds"`
	Enabled              bool       `json:"enabled"`
	DisabledAt           *time.Time `json:"disabledAt"`
	DisabledReason       *string    `json:"disabledReason"`
	FailingSince         *time.Time `json:"failingSince"`
	DeliveredAt          *time.Time `json:"deliveredAt"`
	PreviousSecretEndsAt *time.Time `json:"previousSecretEndsAt"`
	CreatedAt            time.Time  `json:"createdAt"`
	CreatedBy            string     `json:"createdBy"`
}

func listEndpoints(f *flags) work {
	asJSON := f.Bool("json", false, "")
	return func(ctx context.Context, t *tools) error {
		notices, err := t.noticesOf()
		if err != nil {
			return err
		}
		rows, err := notices.Endpoints(ctx)
		if err != nil {
			return err
		}
		if *asJSON {
			all := make([]listedEndpoint, len(rows))
			for i, r := range rows {
				all[i] = listedEndpoint{r.ID, r.URL, r.Description, r.Kinds, r.Enabled, r.DisabledAt, r.DisabledReason, r.FailingSince, r.DeliveredAt, r.PreviousSecretEndsAt, r.CreatedAt, r.CreatedBy}
			}
			return printJSON(t.Out, all)
		}
		table := t.table(0)
		fmt.Fprintln(table, "URL\tKINDS\tSTATUS\tDELIVERED\tDESCRIPTION\tID")
		for _, r := range rows {
			kinds, status := "all", "enabled"
			if len(r.Kinds) > 0 {
				kinds = strings.Join(r.Kinds, ", ")
			}
			switch {
			case !r.Enabled:
				status = "disabled"
			case r.FailingSince != nil:
				status = "failing since " + date(r.FailingSince, "")
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", r.URL, kinds, status, date(r.DeliveredAt, "never"), r.Description, r.ID)
		}
		return table.Flush()
	}
}

func endpointEnabled(yes bool, said string) func(*flags) work {
	return func(f *flags) work {
		return func(ctx context.Context, t *tools) error {
			notices, err := t.noticesOf()
			if err != nil {
				return err
			}
			row, err := notices.UpdateEndpoint(ctx, f.words[0], notice.Changes{Enabled: &yes})
			if err != nil {
				return err
			}
			fmt.Fprintf(t.Err, "The endpoint %s %s\n", row.URL, said)
			return nil
		}
	}
}

func rotateEndpoint(f *flags) work {
	return func(ctx context.Context, t *tools) error {
		notices, err := t.noticesOf()
		if err != nil {
			return err
		}
		row, secret, err := notices.RotateSecret(ctx, f.words[0])
		if err != nil {
			return err
		}
		fmt.Fprintf(t.Err, "The secret before fits as well until %s UTC.\n", date(row.PreviousSecretEndsAt, ""))
		return t.tellEndpoint(row, secret)
	}
}

func removeEndpoint(f *flags) work {
	return func(ctx context.Context, t *tools) error {
		notices, err := t.noticesOf()
		if err != nil {
			return err
		}
		if err := notices.RemoveEndpoint(ctx, f.words[0]); err != nil {
			return err
		}
		fmt.Fprintf(t.Err, "The endpoint %s is removed.\n", f.words[0])
		return nil
	}
}

func testEndpoint(f *flags) work {
	return func(ctx context.Context, t *tools) error {
		notices, err := t.noticesOf()
		if err != nil {
			return err
		}
		row, err := notices.Test(ctx, f.words[0])
		if err != nil {
			return err
		}
		fmt.Fprintf(t.Err, "A running server sends a test (%s); broker webhook deliveries %s shows what came of it.\n", row.ID, f.words[0])
		return nil
	}
}

// listedDelivery is a delivery in JSON, with the names of the GraphQL API.
type listedDelivery struct {
	ID           string                `json:"id"`
	Kind         string                `json:"kind"`
	Status       noticedelivery.Status `json:"status"`
	Attempts     int                   `json:"attempts"`
	CreatedAt    time.Time             `json:"createdAt"`
	AttemptedAt  *time.Time            `json:"attemptedAt"`
	TookMs       *int                  `json:"tookMs"`
	NoticeID     string                `json:"noticeId"`
	AnswerStatus *int                  `json:"answerStatus"`
	Answer       string                `json:"answer"`
	Error        *string               `json:"error"`
}

// deliveriesShown is how many deliveries the command line lists.
const deliveriesShown = 100

func listDeliveries(f *flags) work {
	asJSON := f.Bool("json", false, "")
	return func(ctx context.Context, t *tools) error {
		if _, err := t.db.Client.NoticeEndpoint.Get(ctx, f.words[0]); ent.IsNotFound(err) {
			return &fault.NotFound{What: "notice endpoint", ID: f.words[0]}
		}
		rows, err := t.db.Client.NoticeDelivery.Query().Where(noticedelivery.EndpointID(f.words[0])).
			Order(ent.Desc(noticedelivery.FieldCreatedAt, noticedelivery.FieldID)).Limit(deliveriesShown).All(ctx)
		if err != nil {
			return fmt.Errorf("list deliveries: %w", err)
		}
		if *asJSON {
			all := make([]listedDelivery, len(rows))
			for i, r := range rows {
				all[i] = listedDelivery{r.ID, r.Kind, r.Status, r.Attempts, r.CreatedAt, r.AttemptedAt, r.TookMs, r.NoticeID, r.AnswerStatus, r.Answer, r.Error}
			}
			return printJSON(t.Out, all)
		}
		table := t.table(0)
		fmt.Fprintln(table, "CREATED\tKIND\tSTATUS\tATTEMPTS\tANSWER\tERROR\tID")
		for _, r := range rows {
			answer, failed := "", ""
			if r.AnswerStatus != nil {
				answer = fmt.Sprint(*r.AnswerStatus)
			}
			if r.Error != nil {
				failed = *r.Error
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\t%s\t%s\n", date(&r.CreatedAt, ""), r.Kind, strings.ToLower(string(r.Status)), r.Attempts, answer, failed, r.ID)
		}
		return table.Flush()
	}
}

func resendDelivery(f *flags) work {
	return func(ctx context.Context, t *tools) error {
		notices, err := t.noticesOf()
		if err != nil {
			return err
		}
		row, err := notices.Resend(ctx, f.words[0])
		if err != nil {
			return err
		}
		fmt.Fprintf(t.Err, "A running server sends %s again.\n", row.ID)
		return nil
	}
}
