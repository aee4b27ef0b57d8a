package notice

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"broker/ent"
	"broker/ent/auditevent"
	"broker/ent/token"
	"broker/server/audit"
	"broker/server/secret"
	"broker/server/text"
)

// fromAudit is how far the audit log was read: an event's number. Its numbers have the order of the commits and no gap.
const fromAudit = "notices_audit"

// eventsMax is how many events one step reads.
const eventsMax = 200

// Gather finds what happened in the audit log.
func (s *Service) Gather(ctx context.Context) error {
	for {
		more, err := s.gatherSome(ctx)
		if err != nil || !more {
			return err
		}
	}
}

func (s *Service) gatherSome(ctx context.Context) (more bool, err error) {
	head, err := s.Audit.Head(ctx)
	if err != nil {
		return false, err
	}
	from, err := s.place(ctx, fromAudit, strconv.FormatInt(head.Number, 10))
	if err != nil {
		return false, err
	}
	after, err := strconv.ParseInt(from, 10, 64)
	if err != nil || after > head.Number { // of a log that was begun anew
		_, err := s.step(ctx, fromAudit, from, strconv.FormatInt(head.Number, 10), nil, nil)
		return false, err
	}
	if after == head.Number {
		return false, nil
	}
	rows, err := s.DB.Client.AuditEvent.Query().Where(auditevent.NumberGT(after)).Order(ent.Asc(auditevent.FieldNumber)).Limit(eventsMax).All(ctx)
	if err != nil {
		return false, fmt.Errorf("read the audit log: %w", err)
	}
	if len(rows) == 0 { // they were removed as old
		_, err := s.step(ctx, fromAudit, from, strconv.FormatInt(head.Number, 10), nil, nil)
		return false, err
	}
	all, err := s.fromEvents(ctx, rows)
	if err != nil {
		return false, err
	}
	mine, err := s.step(ctx, fromAudit, from, strconv.FormatInt(rows[len(rows)-1].Number, 10), all, nil)
	return mine && len(rows) == eventsMax, err
}

// event is an audit event while it is read.
type event struct {
	*ent.AuditEvent
	details map[string]any
}

// said is what the event says of something, as text.
func (e event) said(name string) string {
	s, _ := e.details[name].(string)
	return s
}

// by is who did it, and from where, as systems are told.
func (e event) by() map[string]any {
	by := map[string]any{"name": e.Actor}
	if e.ActorID != "" {
		by["id"] = e.ActorID
	}
	if e.Address != nil {
		by["address"] = *e.Address
	}
	return by
}

// readers say what an action of the audit log comes to; false: to nothing that is told.
var readers = map[string]func(s *Service, e event, tokens map[string]*ent.Token) (happened, bool){
	"token.create":   (*Service).tokenCreated,
	"token.rotate":   (*Service).tokenRotated,
	"token.revoke":   (*Service).tokenRevoked,
	"token.leak":     (*Service).tokenLeaked,
	"version.change": (*Service).versionChanged,
	"version.upload": (*Service).versionUploaded,
	"user.sign_in":   (*Service).signedIn,
	disableAction:    (*Service).webhookDisabled,
}

func (s *Service) fromEvents(ctx context.Context, rows []*ent.AuditEvent) ([]happened, error) {
	var ids []string
	for _, row := range rows {
		if row.Target != nil && strings.HasPrefix(*row.Target, "tok_") && readers[row.Action] != nil {
			ids = append(ids, *row.Target)
		}
	}
	tokens, err := s.tokens(ctx, ids)
	if err != nil {
		return nil, err
	}
	var all []happened
	for _, row := range rows {
		read := readers[row.Action]
		if read == nil {
			continue
		}
		e := event{row, map[string]any{}}
		if err := json.Unmarshal([]byte(row.Details), &e.details); err != nil {
			return nil, fmt.Errorf("read the details of the audit event %s: %w", row.ID, err)
		}
		if h, tells := read(s, e, tokens); tells {
			h.at = row.At.UTC()
			h.data["event"] = row.ID
			all = append(all, h)
		}
	}
	return all, nil
}

// tokens are those with some ids.
func (s *Service) tokens(ctx context.Context, ids []string) (map[string]*ent.Token, error) {
	found := map[string]*ent.Token{}
	for some := range slices.Chunk(ids, rowsMax) {
		rows, err := s.DB.Client.Token.Query().Where(token.IDIn(some...)).All(ctx)
		if err != nil {
			return nil, fmt.Errorf("read the tokens that something happened to: %w", err)
		}
		for _, row := range rows {
			found[row.ID] = row
		}
	}
	return found, nil
}

// ofToken is what happened to a token, for systems as it is now. A shop is told by webhook of what it made: its customers'
// tokens are mailed to nobody, unless one leaks.
func ofToken(kind string, t *ent.Token, by string, summary string, more map[string]any) happened {
	about := map[string]any{"id": t.ID, "description": t.Description, "permission": t.Permission, "createdBy": t.CreatedBy, "externalId": t.ExternalID, "labels": t.Labels}
	if t.ExpiresAt != nil {
		about["expiresAt"] = t.ExpiresAt.UTC()
	} else {
		about["expiresAt"] = nil
	}
	data := map[string]any{"token": about}
	for name, value := range more {
		data[name] = value
	}
	return happened{
		kind: kind, data: data, summary: summary, path: "/tokens/" + t.ID,
		whom: whom{maker: t.CreatedBy, not: by, nobody: t.ParentID != nil && kind != TokenLeaked},
	}
}

// named is a token as people know it.
func named(t *ent.Token) string { return fmt.Sprintf("The token %q", text.Line(t.Description, 200)) }

// target is the token of an event; nil where there is none any more.
func (e event) target(tokens map[string]*ent.Token) *ent.Token {
	if e.Target == nil {
		return nil
	}
	return tokens[*e.Target]
}

func (s *Service) tokenCreated(e event, tokens map[string]*ent.Token) (happened, bool) {
	t := e.target(tokens)
	if t == nil {
		return happened{}, false
	}
	return ofToken(TokenCreated, t, e.ActorID, fmt.Sprintf("%s was made by %s.", named(t), e.Actor), map[string]any{"by": e.by()}), true
}

func (s *Service) tokenRotated(e event, tokens map[string]*ent.Token) (happened, bool) {
	t := e.target(tokens)
	if t == nil {
		return happened{}, false
	}
	ends := e.said("previousExpiresAt")
	summary := fmt.Sprintf("%s has a new secret, made by %s.", named(t), e.Actor)
	if at, err := time.Parse(time.RFC3339Nano, ends); err == nil {
		summary = fmt.Sprintf("%s has a new secret, made by %s. The old one works until %s.", named(t), e.Actor, date(at))
	}
	return ofToken(TokenRotated, t, e.ActorID, summary, map[string]any{"by": e.by(), "previousExpiresAt": e.details["previousExpiresAt"]}), true
}

func (s *Service) tokenRevoked(e event, tokens map[string]*ent.Token) (happened, bool) {
	t := e.target(tokens)
	if t == nil {
		return happened{}, false
	}
	summary := fmt.Sprintf("%s was revoked by %s.", named(t), e.Actor)
	if reason := e.said("reason"); reason != "" {
		summary = fmt.Sprintf("%s was revoked by %s: %s", named(t), e.Actor, reason)
	}
	return ofToken(TokenRevoked, t, e.ActorID, summary, map[string]any{"by": e.by(), "reason": e.details["reason"]}), true
}

func (s *Service) tokenLeaked(e event, tokens map[string]*ent.Token) (happened, bool) {
	t := e.target(tokens)
	if t == nil {
		return happened{}, false
	}
	summary := fmt.Sprintf("A secret of %s was found in a public place: %s. Rotate or revoke it.", strings.ToLower(named(t)[:1])+named(t)[1:], e.said("url"))
	return ofToken(TokenLeaked, t, "", summary, map[string]any{"url": e.details["url"], "secretHint": e.details["hint"], "secretState": e.details["secretState"]}), true
}

func (s *Service) versionChanged(e event, _ map[string]*ent.Token) (happened, bool) {
	data := map[string]any{"package": e.said("package"), "version": e.said("version")}
	if repository := e.said("repository"); repository != "" {
		data["repository"] = map[string]any{"name": repository}
	}
	for _, side := range []string{"pinned", "offered"} { // not their addresses, of which some are nobody's business
		of, _ := e.details[side].(map[string]any)
		data[side] = map[string]any{"reference": of["reference"], "shasum": of["shasum"], "sha256": of["sha256"]}
	}
	return happened{
		kind: VersionChanged, data: data, path: "/packages/" + e.said("package"), whom: whom{maintainers: true},
		summary: fmt.Sprintf("The source of %s %s offers something else than when it was first seen. What was first seen is served until somebody decides.", e.said("package"), e.said("version")),
	}, true
}

func (s *Service) versionUploaded(e event, _ map[string]*ent.Token) (happened, bool) {
	version := e.said("version")
	if strings.HasPrefix(version, "dev-") || strings.HasSuffix(version, "-dev") { // a branch, which moves
		return happened{}, false
	}
	return added(e.said("package"), map[string]any{"name": e.said("repository")}, []string{version}, 1, e.ActorID), true
}

func (s *Service) signedIn(e event, _ map[string]*ent.Token) (happened, bool) {
	if e.details["newDevice"] != true || e.Target == nil {
		return happened{}, false
	}
	address, client := "an unknown address", "an unknown browser"
	if e.Address != nil {
		address = *e.Address
	}
	if e.Client != nil {
		client = *e.Client
	}
	return happened{
		kind: NewDevice, path: "/account", whom: whom{person: *e.Target},
		data: map[string]any{"user": map[string]any{"id": *e.Target, "email": e.said("email")}, "address": e.Address, "client": e.Client},
		summary: fmt.Sprintf("Somebody signed in as %s with a browser that was not seen before, from %s (%s). If that was not you, change your password.",
			e.said("email"), address, text.Line(secret.Redact(client), 150)),
	}, true
}

func (s *Service) webhookDisabled(e event, _ map[string]*ent.Token) (happened, bool) {
	if e.Actor != audit.ActorOf(context.Background()).Name || e.ActorID != "" || e.Target == nil { // somebody did it, and knows
		return happened{}, false
	}
	return happened{
		kind: WebhookDisabled, path: "/notices", whom: whom{},
		data:    map[string]any{"endpoint": map[string]any{"id": *e.Target, "host": e.said("host")}, "reason": e.details["reason"]},
		summary: fmt.Sprintf("The webhook to %s is disabled: %s", e.said("host"), e.said("reason")),
	}, true
}

// date is an instant as people are told it.
func date(at time.Time) string { return at.UTC().Format("2 January 2006, 15:04 UTC") }
