package tokens

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"time"

	"broker/ent"
	"broker/ent/predicate"
	"broker/ent/token"
	"broker/server/audit"
	"broker/server/auth"
	"broker/server/database"
	"broker/server/fault"
	"broker/server/secret"
	"broker/server/text"
)

// How many days a claim link works: unless said, and at most.
const (
	claimDaysDefault = 7
	claimDaysMax     = 30
)

// A token that is to be claimed has no secret: whoever opens its link has the secret made, and sees it once. What is
// stored until then is the hash of the link's code, so that nothing that rests in the database lets anybody in.

// claimLink is a link that is made: its code goes to whoever asked for it, and is not stored.
type claimLink struct {
	code   string
	hash   [sha256.Size]byte
	days   int
	endsAt time.Time
}

// ClaimLink is the link with a code, of a server with a public URL. What stands after # is not sent with the page's
// address, and a page that is only looked at claims nothing.
func ClaimLink(publicURL, code string) string { return publicURL + "/claim#" + code }

// codeLength is how many characters 256 bits have in base64.
var codeLength = base64.RawURLEncoding.EncodedLen(sha256.Size)

func (s *Service) newClaimLink(days int) (*claimLink, error) {
	if days < 1 || days > claimDaysMax {
		return nil, fault.Invalidf("claimDays", "A claim link works for 1 to %d days.", claimDaysMax)
	}
	bits := make([]byte, sha256.Size)
	rand.Read(bits)
	code := base64.RawURLEncoding.EncodeToString(bits)
	endsAt := s.now().UTC().Truncate(time.Microsecond).AddDate(0, 0, days)
	return &claimLink{code, sha256.Sum256([]byte(code)), days, endsAt}, nil
}

// CreateForClaim makes a token without a secret, and the code of the link that makes one; it works for so many days,
// nil: for the default.
func (s *Service) CreateForClaim(ctx context.Context, maker *auth.Token, in NewToken, days *int) (row *ent.Token, code string, err error) {
	if in.claim, err = s.newClaimLink(*cmp.Or(days, new(claimDaysDefault))); err != nil {
		return nil, "", err
	}
	row, err = s.create(ctx, maker, in, func(*database.Tx, *ent.Token) (string, error) { return "", nil })
	if err != nil {
		return nil, "", err
	}
	return row, in.claim.code, nil
}

// ClaimPending tells whether a token has no secret yet, because nobody opened its link.
func ClaimPending(row *ent.Token) bool {
	return row.ClaimEndsAt != nil && row.ClaimedAt == nil && row.RevokedAt == nil
}

// claimPending is ClaimPending in the database.
func claimPending() predicate.Token {
	return token.And(token.ClaimEndsAtNotNil(), token.ClaimedAtIsNil(), token.RevokedAtIsNil())
}

// RenewClaim makes a new link for a token that nobody claimed; the one before no longer works. days is how long it
// works; nil: as long as the one before was to.
func (s *Service) RenewClaim(ctx context.Context, maker *auth.Token, id string, days *int) (row *ent.Token, code string, err error) {
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		if row, err = s.lockLive(ctx, tx, maker, id); err != nil {
			return err
		}
		if err := renewable(row, s.now()); err != nil {
			return err
		}
		link, err := s.newClaimLink(*cmp.Or(days, row.ClaimDays, new(claimDaysDefault)))
		if err != nil {
			return err
		}
		row, err = row.Update().SetClaimHash(link.hash[:]).SetClaimDays(link.days).SetClaimEndsAt(link.endsAt).Save(ctx)
		if err != nil {
			return fmt.Errorf("store the claim link of %s: %w", id, err)
		}
		code = link.code
		return s.audit.Write(ctx, tx, audit.Event{Action: "token.claim_renew", Target: id,
			Details: map[string]any{"description": row.Description, "claimEndsAt": link.endsAt}})
	})
	if err != nil {
		return nil, "", err
	}
	return row.Unwrap(), code, nil
}

// renewable refuses a link to a token that has a secret, or whose secret would not work.
func renewable(row *ent.Token, now time.Time) error {
	switch {
	case row.ClaimedAt != nil:
		return &fault.Conflict{ID: row.ID, Message: fmt.Sprintf("The token %q was claimed on %s. Rotate it for another secret.", row.Description, instant(*row.ClaimedAt))}
	case row.ClaimEndsAt == nil:
		return &fault.Conflict{ID: row.ID, Message: fmt.Sprintf("The secret of the token %q was shown when it was made, so there is nothing to claim. Rotate it for another one.", row.Description)}
	}
	return rotatable(row, now)
}

// unclaimed refuses what needs a secret of a token that has none yet.
func unclaimed(row *ent.Token) error {
	if !ClaimPending(row) {
		return nil
	}
	return &fault.Conflict{ID: row.ID, Message: fmt.Sprintf("The token %q has no secret yet: nobody opened its claim link. Make a new link instead.", row.Description)}
}

// Claimable is the token whose secret a link's code shows; a *fault.Invalid says why there is none. It changes nothing.
func (s *Service) Claimable(ctx context.Context, code string) (*ent.Token, error) {
	row, err := s.ofCode(ctx, code)
	if err != nil {
		return nil, err
	}
	now := s.now()
	statuses, err := Statuses(ctx, s.db.Client, now, row)
	switch {
	case err != nil:
		return nil, err
	case row.ClaimedAt != nil:
		return nil, noClaim("This link was used on %s, and works once. If that was not you, tell whoever sent it: somebody else has the token.", instant(*row.ClaimedAt))
	case statuses[0] != Active:
		words := map[Status]string{Revoked: "is revoked", Disabled: "is disabled", Expired: "has expired"}
		return nil, noClaim("The access token %q %s. Ask whoever sent the link for a new one.", row.Description, words[statuses[0]])
	case !now.Before(*row.ClaimEndsAt):
		return nil, noClaim("This link ended on %s. Ask whoever sent it for a new one.", instant(*row.ClaimEndsAt))
	}
	return row, nil
}

func noClaim(format string, args ...any) error { return fault.Invalidf("code", format, args...) }

func instant(at time.Time) string { return at.UTC().Format("2 January 2006 15:04 UTC") }

// ofCode is the token with a link. An address that tried too many codes of no link is refused before the database is
// asked.
func (s *Service) ofCode(ctx context.Context, code string) (*ent.Token, error) {
	address := audit.ActorOf(ctx).Address
	wait, err := s.guard.Begin(ctx, address)
	if err != nil {
		return nil, err
	}
	if wait > 0 {
		seconds := int((wait + time.Second - 1) / time.Second)
		return nil, &fault.Busy{Message: fmt.Sprintf("Too many links that do not work were opened from this address. Try again in %d seconds.", seconds)}
	}
	row, err := s.withCode(ctx, code)
	s.guard.End(address, ent.IsNotFound(err))
	if ent.IsNotFound(err) {
		return nil, noClaim("This link does not work: it is incomplete, or a newer one was made. Ask whoever sent it.")
	}
	if err != nil {
		return nil, fmt.Errorf("find the token of a claim link: %w", err)
	}
	return row, nil
}

func (s *Service) withCode(ctx context.Context, code string) (*ent.Token, error) {
	if len(code) != codeLength {
		return nil, &ent.NotFoundError{}
	}
	hash := sha256.Sum256([]byte(code))
	return s.db.Client.Token.Query().Where(token.ClaimHash(hash[:])).Only(ctx)
}

// Claim makes the secret of a token for whoever has its link, and tells it this once: however many try, one gets it.
func (s *Service) Claim(ctx context.Context, code string) (*ent.Token, secret.Secret, error) {
	row, err := s.Claimable(ctx, code)
	if err != nil {
		return nil, secret.Secret{}, err
	}
	var made secret.Secret
	taken := false
	err = s.db.Tx(ctx, func(tx *database.Tx) (err error) {
		if row, err = s.take(ctx, tx, row); row == nil || err != nil {
			taken = err == nil
			return err
		}
		var stored *ent.TokenSecret
		if made, stored, err = s.newSecret(ctx, tx, row); err != nil {
			return fmt.Errorf("store the secret: %w", err)
		}
		return s.audit.Write(ctx, tx, audit.Event{Action: "token.claim", Target: row.ID,
			Details: map[string]any{"description": row.Description, "hint": stored.Hint}})
	})
	if err != nil {
		return nil, secret.Secret{}, err
	}
	if taken { // by somebody else, or it ended: why is told by what it is now
		if _, err := s.Claimable(ctx, code); err != nil {
			return nil, secret.Secret{}, err
		}
		return nil, secret.Secret{}, &fault.Conflict{Message: "The token was changed at the same moment. Try again."}
	}
	return row.Unwrap(), made, nil
}

// take marks a token as claimed by whoever asks; nil where its link is no longer the one that was read, or has ended.
func (s *Service) take(ctx context.Context, tx *database.Tx, row *ent.Token) (*ent.Token, error) {
	now, actor := s.now().UTC().Truncate(time.Microsecond), audit.ActorOf(ctx)
	update := tx.Token.Update().
		Where(token.ID(row.ID), token.ClaimHash(row.ClaimHash), token.ClaimedAtIsNil(), token.ClaimEndsAtGT(now),
			token.RevokedAtIsNil(), token.DisabledAtIsNil()).
		SetClaimedAt(now).SetClaimedClient(text.Line(secret.Redact(actor.Client), clientMax))
	if actor.ID != "" {
		update.SetClaimedBy(actor.Name)
	}
	if actor.Address.IsValid() {
		update.SetClaimedAddress(actor.Address.String())
	}
	n, err := update.Save(ctx)
	if err != nil || n == 0 {
		return nil, err
	}
	return tx.Token.Get(ctx, row.ID)
}

// clientMax is how much of a User-Agent is kept, in bytes.
const clientMax = 200
