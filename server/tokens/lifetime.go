package tokens

import (
	"fmt"
	"time"

	"broker/ent"
	"broker/server/auth"
	"broker/server/fault"
	"broker/server/settings"
)

// lifetime decides a new token's end: what is said, else the default lifetime, else the longest, else none; always
// within the longest and within the maker's.
func (s *Service) lifetime(in *NewToken, rules settings.Settings, maker *auth.Token) error {
	if in.NeverExpires && in.ExpiresAt != nil {
		return fault.Invalidf("neverExpires", "Give either an expiry or none, not both.")
	}
	said := Changes{ExpiresAt: in.ExpiresAt, ClearExpiresAt: in.NeverExpires}
	if err := s.checkLifetime(said, rules); err != nil {
		return err
	}
	if maker != nil {
		if err := notLarger(said, maker); err != nil {
			return err
		}
	}
	if in.NeverExpires || in.ExpiresAt != nil {
		return nil
	}
	days := rules.DefaultTokenDays
	if days == nil {
		days = rules.MaxTokenDays
	}
	if days != nil {
		at := s.now().UTC().Truncate(time.Microsecond).AddDate(0, 0, *days)
		in.ExpiresAt = &at
	}
	if maker != nil && !maker.ExpiresAt.IsZero() && (in.ExpiresAt == nil || in.ExpiresAt.After(maker.ExpiresAt)) {
		at := maker.ExpiresAt
		in.ExpiresAt = &at
	}
	return nil
}

// checkLifetime refuses an end later than the owner allows.
func (s *Service) checkLifetime(in Changes, rules settings.Settings) error {
	if rules.MaxTokenDays == nil || in.ExpiresAt == nil && !in.ClearExpiresAt {
		return nil
	}
	if in.ClearExpiresAt || in.ExpiresAt.After(s.latest(*rules.MaxTokenDays)) {
		return fault.Invalidf("expiresAt", "The owner allows tokens of at most %d days.", *rules.MaxTokenDays)
	}
	return nil
}

// latest is the end of the last day that a number of days reaches, so that people may pick a date.
func (s *Service) latest(days int) time.Time {
	return s.now().UTC().Truncate(24*time.Hour).AddDate(0, 0, days+1)
}

// Notice is something to know of a token: its kind for programs, and a sentence for people.
type Notice struct {
	Kind NoticeKind
	Text string
}

// NoticeKind is what a notice is about.
type NoticeKind string

// The kinds, as the API names them.
const (
	NoticeLeaked     NoticeKind = "LEAKED"         // a secret was found in a public place, and works on
	NoticeLeakEnding NoticeKind = "LEAK_ENDING"    // the same, and a rotation ends that secret
	NoticeMakerEnded NoticeKind = "MAKER_ENDED"    // it is refused for the sake of a token that made it
	NoticeTooLong    NoticeKind = "LIVES_TOO_LONG" // longer than the owner now allows
	NoticeUnused     NoticeKind = "UNUSED"         // for longer than the owner wants to be told of
	NoticeUnclaimed  NoticeKind = "UNCLAIMED"      // nobody opened its claim link
)

// Notices say what will end a token, and what of it the owner's settings no longer allow.
// maker is the token that made it, as requests see it; nil where a person did.
func (s *Service) Notices(row *ent.Token, maker *auth.Token, rules settings.Settings) []*Notice {
	notices := []*Notice{}
	note := func(kind NoticeKind, format string, args ...any) {
		notices = append(notices, &Notice{Kind: kind, Text: fmt.Sprintf(format, args...)})
	}
	now := s.now()
	switch {
	case !Leaked(row, now):
	case row.LeakedUntil != nil:
		note(NoticeLeakEnding, "One of its secrets was found in a public place on %s. Its rotation ends that secret on %s; end the rotation to end it now.",
			day(*row.LeakedAt), day(*row.LeakedUntil))
	default:
		note(NoticeLeaked, "One of its secrets was found in a public place on %s. Rotate it, or revoke it.", day(*row.LeakedAt))
	}
	if StatusOf(row, now) != Active {
		return notices
	}
	for ; maker != nil; maker = maker.Maker {
		if why := endedBy(maker, now); why != "" {
			note(NoticeMakerEnded, "It is refused because the token that made it, %q, %s.", maker.Description, why)
		}
	}
	switch {
	case rules.MaxTokenDays == nil:
	case row.ExpiresAt == nil:
		note(NoticeTooLong, "It has no end; the owner now allows %d days.", *rules.MaxTokenDays)
	case row.ExpiresAt.After(s.latest(*rules.MaxTokenDays)):
		note(NoticeTooLong, "It ends on %s; the owner now allows %d days.", day(*row.ExpiresAt), *rules.MaxTokenDays)
	}
	switch {
	case !ClaimPending(row):
	case now.Before(*row.ClaimEndsAt):
		note(NoticeUnclaimed, "It waits to be claimed: its link works until %s.", instant(*row.ClaimEndsAt))
	default:
		note(NoticeUnclaimed, "Nobody claimed it, and its link ended on %s. Make a new link, or revoke it.", instant(*row.ClaimEndsAt))
	}
	since := idleSince(row)
	idle := int(now.Sub(since).Hours() / 24)
	switch {
	case rules.WarnUnusedDays == nil || idle < *rules.WarnUnusedDays:
	case rules.DisableUnusedDays != nil:
		note(NoticeUnused, "It was not used for %d days; it will be disabled on %s unless it is.", idle, day(since.AddDate(0, 0, *rules.DisableUnusedDays)))
	default:
		note(NoticeUnused, "It was not used for %d days.", idle)
	}
	return notices
}

// endedBy says why a maker no longer works; empty while it does.
func endedBy(t *auth.Token, now time.Time) string {
	switch {
	case !t.RevokedAt.IsZero():
		return "was revoked on " + day(t.RevokedAt)
	case !t.DisabledAt.IsZero():
		return "is disabled"
	case !t.ExpiresAt.IsZero() && !now.Before(t.ExpiresAt):
		return "expired on " + day(t.ExpiresAt)
	}
	return ""
}

func day(at time.Time) string { return at.UTC().Format("2 January 2006") }

// idleSince is from when days without use count.
func idleSince(row *ent.Token) time.Time {
	since := row.CreatedAt
	for _, at := range []*time.Time{row.LastUsedAt, row.EnabledAt, row.ClaimedAt} {
		if at != nil && at.After(since) {
			since = *at
		}
	}
	return since
}
