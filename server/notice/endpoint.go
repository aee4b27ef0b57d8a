package notice

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"broker/ent"
	"broker/ent/noticedelivery"
	"broker/ent/noticeendpoint"
	"broker/server/audit"
	"broker/server/database"
	"broker/server/fault"
	"broker/server/text"
)

// The bounds of endpoints.
const (
	endpointsMax   = 20
	urlMax         = 2048 // bytes
	descriptionMax = 200  // characters
)

// secretsOverlap is how long deliveries are signed with the secret before as well.
const secretsOverlap = 24 * time.Hour

// disableAction is what the audit log calls that an endpoint is disabled.
const disableAction = "notice_endpoint.disable"

// NewEndpoint is what an endpoint is to be.
type NewEndpoint struct {
	URL         string
	Description string
	Kinds       []string // empty: everything, also what later versions tell of
}

// Changes say what of an endpoint is to be another; a nil field stays.
type Changes struct {
	URL         *string
	Description *string
	Kinds       []string
	Enabled     *bool
}

// CreateEndpoint makes an endpoint and its secret, which is told this once.
func (s *Service) CreateEndpoint(ctx context.Context, in NewEndpoint) (row *ent.NoticeEndpoint, secret string, err error) {
	if in.URL, err = s.checkURL(in.URL); err != nil {
		return nil, "", err
	}
	if in.Description, err = checkDescription(in.Description); err != nil {
		return nil, "", err
	}
	if err := checkKinds(in.Kinds); err != nil {
		return nil, "", err
	}
	id := newID("nend_")
	secret = newSecret()
	sealed, err := s.Sealer.Seal([]byte(secret), secretOf(id))
	if err != nil {
		return nil, "", fmt.Errorf("seal the secret of an endpoint: %w", err)
	}
	err = s.DB.Tx(ctx, func(tx *database.Tx) error {
		row, err = tx.NoticeEndpoint.Create().SetID(id).SetURL(in.URL).SetDescription(in.Description).SetKinds(append([]string{}, in.Kinds...)).
			SetSecret(sealed).SetCreatedBy(audit.ActorOf(ctx).Name).SetCreatedAt(s.now()).Save(ctx)
		if err != nil {
			return err
		}
		n, err := tx.NoticeEndpoint.Query().Count(ctx)
		if err != nil {
			return err
		}
		if n > endpointsMax {
			return &fault.Conflict{Message: fmt.Sprintf("There are %d endpoints already, which is as many as there can be. Remove one.", endpointsMax)}
		}
		return s.Audit.Write(ctx, tx, audit.Event{Action: "notice_endpoint.create", Target: id, Details: described(row)})
	})
	if err != nil {
		return nil, "", fmt.Errorf("make an endpoint: %w", err)
	}
	return row.Unwrap(), secret, nil
}

// secretOf is the place of an endpoint's sealed secrets.
func secretOf(id string) string { return "notice_endpoint|" + id + "|secret" }

// described is an endpoint as its events tell it: of its address the host alone, as the rest may be a secret.
func described(row *ent.NoticeEndpoint) map[string]any {
	return map[string]any{"host": hostOf(row.URL), "description": row.Description, "kinds": row.Kinds}
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// checkURL is an address that notices may be sent to.
func (s *Service) checkURL(address string) (string, error) {
	address = strings.TrimSpace(address)
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || len(address) > urlMax || text.Line(address, urlMax) != address {
		return "", fault.Invalidf("url", "The URL is an address such as https://example.org/hooks, of %d bytes at most.", urlMax)
	}
	if err := s.Policy.CheckURL(u); err != nil {
		return "", fault.Invalidf("url", "%s.", upper(err.Error()))
	}
	u.Fragment = ""
	return u.String(), nil
}

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func checkDescription(s string) (string, error) {
	s = strings.TrimSpace(s)
	if !utf8.ValidString(s) || utf8.RuneCountInString(s) > descriptionMax || strings.ContainsFunc(s, unicode.IsControl) {
		return "", fault.Invalidf("description", "A description has at most %d characters, without line breaks.", descriptionMax)
	}
	return s, nil
}

// Endpoints are all endpoints, the oldest first.
func (s *Service) Endpoints(ctx context.Context) ([]*ent.NoticeEndpoint, error) {
	rows, err := s.DB.Client.NoticeEndpoint.Query().Order(ent.Asc(noticeendpoint.FieldID)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the endpoints of notices: %w", err)
	}
	return rows, nil
}

// Endpoint is the endpoint with an id.
func (s *Service) Endpoint(ctx context.Context, id string) (*ent.NoticeEndpoint, error) {
	return found(ctx, s.DB.Client, id)
}

func found(ctx context.Context, db *ent.Client, id string) (*ent.NoticeEndpoint, error) {
	row, err := db.NoticeEndpoint.Get(ctx, id)
	if ent.IsNotFound(err) {
		return nil, &fault.NotFound{What: "notice endpoint", ID: text.Line(id, 100)}
	}
	if err != nil {
		return nil, fmt.Errorf("read the endpoint %s: %w", id, err)
	}
	return row, nil
}

// UpdateEndpoint changes an endpoint. One that is enabled again is told of what happens from then on.
func (s *Service) UpdateEndpoint(ctx context.Context, id string, in Changes) (row *ent.NoticeEndpoint, err error) {
	if in.URL != nil {
		checked, err := s.checkURL(*in.URL)
		if err != nil {
			return nil, err
		}
		in.URL = &checked
	}
	if in.Description != nil {
		checked, err := checkDescription(*in.Description)
		if err != nil {
			return nil, err
		}
		in.Description = &checked
	}
	if err := checkKinds(in.Kinds); err != nil {
		return nil, err
	}
	err = s.DB.Tx(ctx, func(tx *database.Tx) error {
		before, err := found(ctx, tx.Client(), id)
		if err != nil {
			return err
		}
		update := tx.NoticeEndpoint.UpdateOneID(id).SetNillableURL(in.URL).SetNillableDescription(in.Description)
		if in.Kinds != nil {
			update.SetKinds(in.Kinds)
		}
		if in.Enabled != nil && *in.Enabled {
			update.SetEnabled(true).ClearDisabledAt().ClearDisabledReason().ClearFailingSince()
		}
		if row, err = update.Save(ctx); err != nil {
			return err
		}
		if row.Enabled && !before.Enabled { // what was written while it was being disabled
			if err := giveUp(ctx, tx, id); err != nil {
				return err
			}
		}
		if in.Enabled != nil && !*in.Enabled && before.Enabled {
			if err := s.disable(ctx, tx, row, "Somebody disabled it."); err != nil {
				return err
			}
			if row, err = found(ctx, tx.Client(), id); err != nil {
				return err
			}
			return nil
		}
		changed := differences(before, row)
		if len(changed) == 0 {
			return nil
		}
		changed["host"] = hostOf(row.URL)
		return s.Audit.Write(ctx, tx, audit.Event{Action: "notice_endpoint.update", Target: id, Details: changed})
	})
	if err != nil {
		return nil, fmt.Errorf("change an endpoint: %w", err)
	}
	return row.Unwrap(), nil
}

// differences are what changed of an endpoint; of its address, whether it did.
func differences(before, after *ent.NoticeEndpoint) map[string]any {
	changed := map[string]any{}
	if before.URL != after.URL {
		changed["url"] = map[string]any{"from": hostOf(before.URL), "to": hostOf(after.URL)}
	}
	if before.Description != after.Description {
		changed["description"] = map[string]any{"from": before.Description, "to": after.Description}
	}
	if !slices.Equal(before.Kinds, after.Kinds) {
		changed["kinds"] = map[string]any{"from": before.Kinds, "to": after.Kinds}
	}
	if before.Enabled != after.Enabled {
		changed["enabled"] = map[string]any{"from": before.Enabled, "to": after.Enabled}
	}
	return changed
}

// disable has an endpoint be told of nothing more, and gives up what waits for it.
func (s *Service) disable(ctx context.Context, tx *database.Tx, row *ent.NoticeEndpoint, reason string) error {
	n, err := tx.NoticeEndpoint.Update().Where(noticeendpoint.ID(row.ID), noticeendpoint.Enabled(true)).
		SetEnabled(false).SetDisabledAt(s.now()).SetDisabledReason(text.Line(reason, 1000)).Save(ctx)
	if err != nil || n == 0 {
		return err
	}
	if err := giveUp(ctx, tx, row.ID); err != nil {
		return err
	}
	details := described(row)
	details["reason"] = reason
	return s.Audit.Write(ctx, tx, audit.Event{Action: disableAction, Target: row.ID, Details: details})
}

// giveUp has what waits for an endpoint that is disabled not be sent.
func giveUp(ctx context.Context, tx *database.Tx, id string) error {
	return tx.NoticeDelivery.Update().Where(noticedelivery.EndpointID(id), noticedelivery.StatusEQ(noticedelivery.StatusPENDING)).
		SetStatus(noticedelivery.StatusFAILED).SetError("The endpoint was disabled.").Exec(ctx)
}

// RemoveEndpoint removes an endpoint and what was delivered to it.
func (s *Service) RemoveEndpoint(ctx context.Context, id string) error {
	err := s.DB.Tx(ctx, func(tx *database.Tx) error {
		row, err := found(ctx, tx.Client(), id)
		if err != nil {
			return err
		}
		if _, err := tx.NoticeDelivery.Delete().Where(noticedelivery.EndpointID(id)).Exec(ctx); err != nil {
			return err
		}
		if err := tx.NoticeEndpoint.DeleteOneID(id).Exec(ctx); err != nil {
			return err
		}
		return s.Audit.Write(ctx, tx, audit.Event{Action: "notice_endpoint.remove", Target: id, Details: described(row)})
	})
	if err != nil {
		return fmt.Errorf("remove an endpoint: %w", err)
	}
	return nil
}

// RotateSecret gives an endpoint a new secret, which is told this once. For a day deliveries are signed with the one
// before as well.
func (s *Service) RotateSecret(ctx context.Context, id string) (row *ent.NoticeEndpoint, secret string, err error) {
	secret = newSecret()
	sealed, err := s.Sealer.Seal([]byte(secret), secretOf(id))
	if err != nil {
		return nil, "", fmt.Errorf("seal the secret of an endpoint: %w", err)
	}
	ends := s.now().Add(secretsOverlap)
	err = s.DB.Tx(ctx, func(tx *database.Tx) error {
		before, err := found(ctx, tx.Client(), id)
		if err != nil {
			return err
		}
		row, err = tx.NoticeEndpoint.UpdateOneID(id).Where(noticeendpoint.Secret(before.Secret)).
			SetSecret(sealed).SetPreviousSecret(before.Secret).SetPreviousSecretEndsAt(ends).Save(ctx)
		if ent.IsNotFound(err) {
			return &fault.Conflict{Message: "The secret was changed meanwhile.", ID: id}
		}
		if err != nil {
			return err
		}
		details := described(row)
		details["previousEndsAt"] = ends
		return s.Audit.Write(ctx, tx, audit.Event{Action: "notice_endpoint.rotate", Target: id, Details: details})
	})
	if err != nil {
		return nil, "", fmt.Errorf("change the secret of an endpoint: %w", err)
	}
	return row.Unwrap(), secret, nil
}

// secrets are those that an endpoint's deliveries are signed with now.
func (s *Service) secrets(row *ent.NoticeEndpoint) ([]string, error) {
	sealed := [][]byte{row.Secret}
	if row.PreviousSecret != nil && len(*row.PreviousSecret) > 0 && row.PreviousSecretEndsAt != nil && s.now().Before(*row.PreviousSecretEndsAt) {
		sealed = append(sealed, *row.PreviousSecret)
	}
	var all []string
	for _, one := range sealed {
		plain, err := s.Sealer.Open(one, secretOf(row.ID))
		if err != nil {
			return nil, fmt.Errorf("open the secret of the endpoint %s: %w", row.ID, err)
		}
		all = append(all, string(plain))
	}
	return all, nil
}

// Test sends an endpoint a notice of the kind webhook.test.
func (s *Service) Test(ctx context.Context, id string) (row *ent.NoticeDelivery, err error) {
	err = s.DB.Tx(ctx, func(tx *database.Tx) error {
		endpoint, err := found(ctx, tx.Client(), id)
		if err != nil {
			return err
		}
		if !endpoint.Enabled {
			return &fault.Conflict{Message: "The endpoint is disabled. Enable it first.", ID: id}
		}
		h := happened{kind: webhookTest, at: s.now(), summary: "Somebody tries the endpoint.", path: "/notices",
			data: map[string]any{"by": map[string]any{"name": audit.ActorOf(ctx).Name}, "message": "This is a test."}}
		notice, create, err := h.row(tx, s.now())
		if err != nil {
			return err
		}
		if err := create.Exec(ctx); err != nil {
			return err
		}
		if row, err = s.delivery(tx, id, notice, h.kind).Save(ctx); err != nil {
			return err
		}
		return s.Audit.Write(ctx, tx, audit.Event{Action: "notice_endpoint.test", Target: id, Details: described(endpoint)})
	})
	if err != nil {
		return nil, fmt.Errorf("test an endpoint: %w", err)
	}
	return row.Unwrap(), nil
}

// Resend delivers something once more, under the same id.
func (s *Service) Resend(ctx context.Context, id string) (row *ent.NoticeDelivery, err error) {
	err = s.DB.Tx(ctx, func(tx *database.Tx) error {
		row, err = tx.NoticeDelivery.Get(ctx, id)
		if ent.IsNotFound(err) {
			return &fault.NotFound{What: "notice delivery", ID: text.Line(id, 100)}
		}
		if err != nil {
			return err
		}
		endpoint, err := found(ctx, tx.Client(), row.EndpointID)
		if err != nil {
			return err
		}
		if !endpoint.Enabled {
			return &fault.Conflict{Message: "The endpoint is disabled. Enable it first.", ID: endpoint.ID}
		}
		now := s.now()
		row, err = tx.NoticeDelivery.UpdateOneID(id).SetStatus(noticedelivery.StatusPENDING).SetAttempts(0).SetNextAt(now).SetGivesUpAt(now.Add(triesFor)).Save(ctx)
		if err != nil {
			return err
		}
		details := described(endpoint)
		details["delivery"], details["kind"] = id, row.Kind
		return s.Audit.Write(ctx, tx, audit.Event{Action: "notice_endpoint.resend", Target: endpoint.ID, Details: details})
	})
	if err != nil {
		return nil, fmt.Errorf("send a notice again: %w", err)
	}
	return row.Unwrap(), nil
}
