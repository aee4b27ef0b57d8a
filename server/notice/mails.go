package notice

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"
	"time"

	"broker/ent"
	"broker/ent/notice"
	"broker/ent/noticemail"
	"broker/ent/noticereader"
	"broker/ent/user"
	"broker/server/audit"
	"broker/server/database"
	"broker/server/fault"
	"broker/server/forwarded"
	"broker/server/mail"
	"broker/server/text"
)

// How mails are gathered: how long the first thing waits for others, how long is waited between two mails to a person,
// and how many things one tells of. What is at once waits for neither.
const (
	gatherFor = 5 * time.Minute
	mailEvery = time.Hour
	linesMax  = 100
)

// How a mail that could not be sent is tried again: within three days, with longer and longer waits between.
const (
	mailLease     = 2 * time.Minute
	firstMailWait = time.Minute
	longestMail   = 2 * time.Hour
)

// SendMails sends everybody what waits for them and is due.
func (s *Service) SendMails(ctx context.Context) error {
	if s.Mail == nil {
		return nil
	}
	var waiting []struct {
		UserID string `json:"user_id"`
	}
	if err := s.DB.Client.NoticeMail.Query().GroupBy(noticemail.FieldUserID).Scan(ctx, &waiting); err != nil {
		return fmt.Errorf("read who waits for mail: %w", err)
	}
	var failed []error
	for _, w := range waiting {
		failed = append(failed, s.mailTo(ctx, w.UserID))
	}
	return errors.Join(failed...)
}

// mailTo sends a person what waits for them, where it is due. A server that does not take it holds up nobody for longer
// than one mail takes.
func (s *Service) mailTo(ctx context.Context, userID string) error {
	reader, err := s.reader(ctx, userID)
	if err != nil {
		return err
	}
	rows, err := s.waiting(ctx, userID)
	if err != nil {
		return err
	}
	now := s.now()
	if !due(rows, reader, now) {
		return nil
	}
	mine, err := s.claimReader(ctx, reader, now)
	if err != nil || !mine {
		return err
	}
	// Another process may have sent it between the look and the claim.
	if reader, err = s.reader(ctx, userID); err != nil {
		return err
	}
	if rows, err = s.waiting(ctx, userID); err != nil {
		return err
	}
	if reader.NextAt = nil; !due(rows, reader, now) {
		return s.mailed(ctx, reader, nil, false, now)
	}
	person, err := s.DB.Client.User.Get(ctx, userID)
	if ent.IsNotFound(err) { // Prune forgets what waits
		return nil
	}
	if err != nil {
		return fmt.Errorf("read who is sent mail: %w", err)
	}
	message, err := s.digest(ctx, person, reader.Choices, rows)
	if err == nil && message != nil {
		err = s.Mail.Send(ctx, *message)
	}
	if err != nil && ctx.Err() != nil { // the program stops; whoever runs next sends it again
		return nil
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err != nil {
		return errors.Join(err, s.mailFailed(last, reader, rows, now))
	}
	return s.mailed(last, reader, rows, message != nil, now)
}

// waiting is what waits for a person, the oldest first, but what is at once before the rest.
func (s *Service) waiting(ctx context.Context, userID string) ([]*ent.NoticeMail, error) {
	rows, err := s.DB.Client.NoticeMail.Query().Where(noticemail.UserID(userID)).
		Order(ent.Desc(noticemail.FieldAtOnce), ent.Asc(noticemail.FieldCreatedAt, noticemail.FieldID)).Limit(10 * linesMax).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read what waits for a person: %w", err)
	}
	return rows, nil
}

// due tells whether a person is sent mail now. What was noted by a clock that was far ahead holds nothing up.
func due(rows []*ent.NoticeMail, reader *ent.NoticeReader, now time.Time) bool {
	if len(rows) == 0 || reader.NextAt != nil && now.Before(*reader.NextAt) && reader.NextAt.Sub(now) <= longestMail {
		return false
	}
	if slices.ContainsFunc(rows, func(r *ent.NoticeMail) bool { return r.AtOnce }) {
		return true
	}
	return !now.Before(rows[0].CreatedAt.Add(gatherFor)) && (reader.MailedAt == nil || now.Sub(*reader.MailedAt).Abs() >= mailEvery)
}

// reader is what is kept of a person; it is made where there is nothing.
func (s *Service) reader(ctx context.Context, userID string) (*ent.NoticeReader, error) {
	row, err := s.DB.Client.NoticeReader.Get(ctx, userID)
	if ent.IsNotFound(err) {
		if err := s.DB.Client.NoticeReader.Create().SetID(userID).OnConflictColumns("id").Ignore().Exec(ctx); err != nil {
			return nil, fmt.Errorf("keep what a person wants to be told of: %w", err)
		}
		row, err = s.DB.Client.NoticeReader.Get(ctx, userID)
	}
	if err != nil {
		return nil, fmt.Errorf("read what a person wants to be told of: %w", err)
	}
	return row, nil
}

// claimReader makes the next mail to a person this process's for a while.
func (s *Service) claimReader(ctx context.Context, reader *ent.NoticeReader, now time.Time) (bool, error) {
	same := noticereader.NextAtIsNil()
	if reader.NextAt != nil {
		same = noticereader.NextAt(*reader.NextAt)
	}
	n, err := s.DB.Client.NoticeReader.Update().Where(noticereader.ID(reader.ID), same).SetNextAt(now.Add(mailLease)).Save(ctx)
	if err != nil {
		return false, fmt.Errorf("begin a mail: %w", err)
	}
	return n == 1, nil
}

func idsOf(rows []*ent.NoticeMail) []string {
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
	}
	return ids
}

// mailed forgets what was sent, in which nothing may have been left that a person wants.
func (s *Service) mailed(ctx context.Context, reader *ent.NoticeReader, rows []*ent.NoticeMail, sent bool, now time.Time) error {
	err := s.DB.Tx(ctx, func(tx *database.Tx) error {
		for some := range slices.Chunk(idsOf(rows), rowsMax) {
			if _, err := tx.NoticeMail.Delete().Where(noticemail.IDIn(some...)).Exec(ctx); err != nil {
				return err
			}
		}
		update := tx.NoticeReader.UpdateOneID(reader.ID).ClearNextAt().SetFailures(0)
		if sent {
			update.SetMailedAt(now)
		}
		return update.Exec(ctx)
	})
	if err != nil {
		return fmt.Errorf("note that a mail was sent: %w", err)
	}
	return nil
}

// mailFailed has a mail be tried again later, without what has waited for too long.
func (s *Service) mailFailed(ctx context.Context, reader *ent.NoticeReader, rows []*ent.NoticeMail, now time.Time) error {
	wait := longestMail
	if reader.Failures < 7 {
		wait = min(firstMailWait<<reader.Failures, longestMail)
	}
	err := s.DB.Tx(ctx, func(tx *database.Tx) error {
		_, err := tx.NoticeMail.Delete().Where(noticemail.UserID(reader.ID), noticemail.CreatedAtLT(now.Add(-triesFor))).Exec(ctx)
		if err != nil {
			return err
		}
		return tx.NoticeReader.UpdateOneID(reader.ID).SetNextAt(now.Add(wait)).AddFailures(1).Exec(ctx)
	})
	if err != nil {
		return fmt.Errorf("note that a mail was not sent: %w", err)
	}
	return nil
}

// part is what a mail tells of one kind.
type part struct {
	Kind  Kind
	Lines []line
	More  int // that are not named
	Off   string
}

// line is one thing in a mail.
type line struct{ Summary, Link, At string }

// digest is the mail of what waits for a person; nil where they want none of it any more.
func (s *Service) digest(ctx context.Context, person *ent.User, choices map[string]bool, rows []*ent.NoticeMail) (*mail.Message, error) {
	var ids []string
	for _, row := range rows {
		ids = append(ids, row.NoticeID)
	}
	var notices []*ent.Notice
	for some := range slices.Chunk(ids, rowsMax) {
		found, err := s.DB.Client.Notice.Query().Where(notice.IDIn(some...)).Order(ent.Asc(notice.FieldAt, notice.FieldID)).All(ctx)
		if err != nil {
			return nil, fmt.Errorf("read what a mail is to tell: %w", err)
		}
		notices = append(notices, found...)
	}
	var parts []*part
	var kinds []string
	lines := 0
	for _, kind := range Kinds { // in the order in which people read them
		if !chosen(choices, kind.Name) {
			continue
		}
		p := &part{Kind: kind}
		for _, n := range notices {
			switch {
			case n.Kind != kind.Name:
			case lines < linesMax:
				lines++
				p.Lines = append(p.Lines, line{n.Summary, s.PublicURL + n.Path, date(n.At)})
			default:
				p.More++
			}
		}
		if len(p.Lines)+p.More > 0 {
			parts, kinds = append(parts, p), append(kinds, kind.Name)
		}
	}
	if len(parts) == 0 {
		return nil, nil
	}
	for _, p := range parts {
		var err error
		if p.Off, err = s.unsubscribeLink(person.ID, p.Kind.Name); err != nil {
			return nil, err
		}
	}
	all, err := s.unsubscribeLink(person.ID, kinds...)
	if err != nil {
		return nil, err
	}
	m := &mail.Message{To: person.Email, ID: rows[0].ID, Unsubscribe: all, Subject: subject(parts, hostOf(s.PublicURL)), Text: s.plain(parts)}
	var page bytes.Buffer
	if err := mailPage.Execute(&page, map[string]any{"Parts": parts, "Account": s.PublicURL + "/account"}); err != nil {
		return nil, fmt.Errorf("write a mail: %w", err)
	}
	m.HTML = page.String()
	return m, nil
}

// subject says what a mail tells: the one thing, or how many.
func subject(parts []*part, host string) string {
	n := 0
	for _, p := range parts {
		n += len(p.Lines) + p.More
	}
	if n == 1 {
		return text.Line(parts[0].Lines[0].Summary, 120)
	}
	return fmt.Sprintf("%d notices of %s: %s", n, host, strings.ToLower(parts[0].Kind.Description[:1])+parts[0].Kind.Description[1:])
}

//go:embed mail.html
var mailHTML string

var mailPage = template.Must(template.New("mail").Parse(mailHTML))

// plain is a mail without HTML.
func (s *Service) plain(parts []*part) string {
	var b strings.Builder
	for _, p := range parts {
		fmt.Fprintf(&b, "%s\n\n", p.Kind.Description)
		for _, l := range p.Lines {
			fmt.Fprintf(&b, "- %s\n  %s\n  %s\n", l.Summary, l.At, l.Link)
		}
		if p.More > 0 {
			fmt.Fprintf(&b, "- and %d more\n", p.More)
		}
		fmt.Fprintf(&b, "\nNo mail of this kind any more: %s\n\n", p.Off)
	}
	fmt.Fprintf(&b, "What you are told of by mail is yours to choose: %s/account\n", s.PublicURL)
	return b.String()
}

// unsubscribePlace is what a link to unsubscribe is sealed for.
const unsubscribePlace = "notice|unsubscribe"

// UnsubscribePath is where links to unsubscribe lead, followed by the code.
const UnsubscribePath = "/unsubscribe/"

// unsubscribeLink is an address by which whoever has it takes kinds of mail away from a person, and can do nothing else.
func (s *Service) unsubscribeLink(userID string, kinds ...string) (string, error) {
	sealed, err := s.Sealer.Seal([]byte(userID+"|"+strings.Join(kinds, ",")), unsubscribePlace)
	if err != nil {
		return "", fmt.Errorf("make a link to unsubscribe: %w", err)
	}
	return s.PublicURL + UnsubscribePath + base64.RawURLEncoding.EncodeToString(sealed), nil
}

// unsubscribes is whom a code is of, and the kinds; false for one that was not made here.
func (s *Service) unsubscribes(code string) (userID string, kinds []Kind, ok bool) {
	sealed, err := base64.RawURLEncoding.DecodeString(code)
	if err != nil {
		return "", nil, false
	}
	plain, err := s.Sealer.Open(sealed, unsubscribePlace)
	if err != nil {
		return "", nil, false
	}
	userID, names, _ := strings.Cut(string(plain), "|")
	for name := range strings.SplitSeq(names, ",") {
		if kind, known := kindOf(name); known {
			kinds = append(kinds, kind)
		}
	}
	return userID, kinds, true
}

// Choices are whether a person is sent mail, by kind.
func (s *Service) Choices(ctx context.Context, userID string) (map[string]bool, error) {
	row, err := s.DB.Client.NoticeReader.Get(ctx, userID)
	if err != nil && !ent.IsNotFound(err) {
		return nil, fmt.Errorf("read what a person wants to be told of: %w", err)
	}
	all := map[string]bool{}
	for _, kind := range Kinds {
		if all[kind.Name] = kind.Mailed; row != nil {
			all[kind.Name] = chosen(row.Choices, kind.Name)
		}
	}
	return all, nil
}

// Choose has a person be sent mail of kinds, or not. Kinds that are left out stay as they are.
func (s *Service) Choose(ctx context.Context, userID string, choices map[string]bool) error {
	for name := range choices {
		if _, known := kindOf(name); !known {
			return fault.Invalidf("kind", "%.64q is no kind of notice, such as token.expiring.", name)
		}
	}
	if _, err := s.reader(ctx, userID); err != nil {
		return err
	}
	err := s.DB.Tx(ctx, func(tx *database.Tx) error {
		person, err := tx.User.Query().Where(user.ID(userID)).Only(ctx)
		if err != nil { // who is no more needs nothing
			return ent.MaskNotFound(err)
		}
		if err := lockReader(ctx, tx, s.DB.Dialect(), userID); err != nil {
			return err
		}
		row, err := tx.NoticeReader.Get(ctx, userID)
		if err != nil {
			return err
		}
		all := map[string]bool{}
		maps.Copy(all, row.Choices)
		maps.Copy(all, choices)
		if maps.Equal(all, row.Choices) { // a link that is opened again
			return nil
		}
		if err := tx.NoticeReader.UpdateOneID(userID).SetChoices(all).Exec(ctx); err != nil {
			return err
		}
		e := audit.Event{Action: "user.notices", Target: userID, Details: map[string]any{"email": person.Email, "mailed": choices}}
		if audit.ActorOf(ctx).ID == "" { // by a link in a mail
			e.Actor = &audit.Actor{ID: userID, Name: person.Email, Address: forwarded.Address(ctx)}
		}
		return s.Audit.Write(ctx, tx, e)
	})
	if err != nil {
		return fmt.Errorf("keep what a person wants to be told of: %w", err)
	}
	return nil
}
