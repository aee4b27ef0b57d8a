package notice

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"broker/ent"
	"broker/ent/noticeendpoint"
	"broker/ent/setting"
	"broker/ent/user"
	"broker/server/database"
	"broker/server/text"
)

// happened is one thing that happened.
type happened struct {
	kind    string
	at      time.Time
	data    map[string]any // what systems are told of it; never a secret
	summary string         // what people are
	path    string         // of the dashboard's page about it
	whom    whom
}

// whom is whom a thing concerns, of those who get mail.
type whom struct {
	nobody      bool
	person      string // a user's id: they alone
	maintainers bool   // and owners; else owners alone
	maker       string // the e-mail address of who made the token, beside these
	not         string // the id of who did it, who knows
}

// told is what is delivered, to the byte.
type told struct {
	Type      string         `json:"type"`
	Timestamp time.Time      `json:"timestamp"`
	Data      map[string]any `json:"data"`
}

const summaryMax = 500 // bytes

// newID is an id of a kind of row.
func newID(prefix string) string { return prefix + strings.ToLower(ulid.Make().String()) }

// step writes what happened and how far a source was read, in one transaction. It does nothing where another process was
// first, and then says so; also is done with it.
func (s *Service) step(ctx context.Context, source, from, to string, all []happened, also func(tx *database.Tx) error) (mine bool, err error) {
	err = s.DB.Tx(ctx, func(tx *database.Tx) error {
		n, err := tx.Setting.Update().Where(setting.ID(source), setting.Value(from)).SetValue(to).Save(ctx)
		if mine = n == 1; err != nil || !mine {
			return err
		}
		if also != nil {
			if err := also(tx); err != nil {
				return err
			}
		}
		return s.write(ctx, tx, all)
	})
	if err != nil {
		return false, fmt.Errorf("write what happened: %w", err)
	}
	return mine, nil
}

// place is how far a source was read. Where nobody has read it yet, it begins at a place, and nothing before is told of.
func (s *Service) place(ctx context.Context, source, begin string) (string, error) {
	row, err := s.DB.Client.Setting.Get(ctx, source)
	if ent.IsNotFound(err) {
		if err := s.DB.Client.Setting.Create().SetID(source).SetValue(begin).OnConflictColumns("id").Ignore().Exec(ctx); err != nil {
			return "", fmt.Errorf("note where %s begins: %w", source, err)
		}
		row, err = s.DB.Client.Setting.Get(ctx, source)
	}
	if err != nil {
		return "", fmt.Errorf("read how far %s was read: %w", source, err)
	}
	return row.Value, nil
}

// listeners are who may be told.
type listeners struct {
	endpoints []*ent.NoticeEndpoint
	people    []*ent.User
	choices   map[string]map[string]bool // of people, by id
}

func (s *Service) listeners(ctx context.Context, db *ent.Client) (*listeners, error) {
	l := &listeners{choices: map[string]map[string]bool{}}
	var err error
	if l.endpoints, err = db.NoticeEndpoint.Query().Where(noticeendpoint.Enabled(true)).All(ctx); err != nil {
		return nil, fmt.Errorf("read the endpoints of notices: %w", err)
	}
	if s.Mail == nil {
		return l, nil
	}
	// Who was invited and never came gets no mail.
	if l.people, err = db.User.Query().Where(user.Or(user.PasswordHashNEQ(""), user.LastSignInAtNotNil())).All(ctx); err != nil {
		return nil, fmt.Errorf("read who may be sent notices: %w", err)
	}
	readers, err := db.NoticeReader.Query().All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read what people want to be told of: %w", err)
	}
	for _, r := range readers {
		l.choices[r.ID] = r.Choices
	}
	return l, nil
}

// wants tells whether an endpoint is told of a kind.
func wants(e *ent.NoticeEndpoint, kind string) bool {
	return len(e.Kinds) == 0 || slices.Contains(e.Kinds, kind)
}

// of are the endpoints and people that are told of a thing.
func (l *listeners) of(h *happened) (endpoints []*ent.NoticeEndpoint, people []*ent.User) {
	for _, e := range l.endpoints {
		if wants(e, h.kind) && !h.at.Before(e.CreatedAt) {
			endpoints = append(endpoints, e)
		}
	}
	if h.whom.nobody {
		return endpoints, nil
	}
	for _, u := range l.people {
		if h.whom.is(u) && chosen(l.choices[u.ID], h.kind) {
			people = append(people, u)
		}
	}
	return endpoints, people
}

// is tells whether a thing concerns a person.
func (w whom) is(u *ent.User) bool {
	switch {
	case w.person != "":
		return u.ID == w.person
	case u.ID == w.not:
		return false
	}
	return u.Role == user.RoleOWNER || w.maintainers && u.Role == user.RoleMAINTAINER || w.maker != "" && u.Email == w.maker
}

// chosen tells whether a person is sent mail of a kind.
func chosen(choices map[string]bool, kind string) bool {
	if choice, chose := choices[kind]; chose {
		return choice
	}
	k, _ := kindOf(kind)
	return k.Mailed
}

// rowsMax is how many rows one statement writes.
const rowsMax = 200

// write keeps what happened for those who are told of it. What concerns nobody is not kept.
func (s *Service) write(ctx context.Context, tx *database.Tx, all []happened) error {
	if len(all) == 0 {
		return nil
	}
	l, err := s.listeners(ctx, tx.Client())
	if err != nil {
		return err
	}
	var notices []*ent.NoticeCreate
	var deliveries []*ent.NoticeDeliveryCreate
	var mails []*ent.NoticeMailCreate
	for i := range all {
		h := &all[i]
		endpoints, people := l.of(h)
		if len(endpoints)+len(people) == 0 {
			continue
		}
		id, row, err := h.row(tx, s.now())
		if err != nil {
			return err
		}
		notices = append(notices, row)
		for _, e := range endpoints {
			deliveries = append(deliveries, s.delivery(tx, e.ID, id, h.kind))
		}
		kind, _ := kindOf(h.kind)
		for _, u := range people {
			mails = append(mails, tx.NoticeMail.Create().SetUserID(u.ID).SetNoticeID(id).SetAtOnce(kind.AtOnce).SetCreatedAt(s.now()))
		}
	}
	for some := range slices.Chunk(notices, rowsMax) {
		if err := tx.Notice.CreateBulk(some...).Exec(ctx); err != nil {
			return err
		}
	}
	for some := range slices.Chunk(deliveries, rowsMax) {
		if err := tx.NoticeDelivery.CreateBulk(some...).Exec(ctx); err != nil {
			return err
		}
	}
	for some := range slices.Chunk(mails, rowsMax) {
		if err := tx.NoticeMail.CreateBulk(some...).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// row is a thing as it is stored.
func (h *happened) row(tx *database.Tx, now time.Time) (id string, row *ent.NoticeCreate, err error) {
	body, err := json.Marshal(told{h.kind, h.at.UTC(), h.data})
	if err != nil {
		return "", nil, fmt.Errorf("write what happened: %w", err)
	}
	id = newID("ntc_")
	return id, tx.Notice.Create().SetID(id).SetKind(h.kind).SetAt(h.at.UTC()).SetSummary(text.Line(h.summary, summaryMax)).SetPath(h.path).
		SetBody(string(body)).SetCreatedAt(now), nil
}

// delivery is a notice on its way to an endpoint, at once.
func (s *Service) delivery(tx *database.Tx, endpoint, notice, kind string) *ent.NoticeDeliveryCreate {
	now := s.now()
	return tx.NoticeDelivery.Create().SetEndpointID(endpoint).SetNoticeID(notice).SetKind(kind).SetNextAt(now).SetGivesUpAt(now.Add(triesFor)).SetCreatedAt(now)
}
