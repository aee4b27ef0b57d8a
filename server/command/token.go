package command

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"broker/ent"
	"broker/ent/schema"
	"broker/ent/token"
	"broker/server/fault"
	"broker/server/packagerule"
	"broker/server/tokens"
)

// tokenFlags are what create and update say of a token.
type tokenFlags struct {
	*flags
	description, expires      *string
	packages, networks, label many
	packageRules              many
}

func newTokenFlags(own *flags) *tokenFlags {
	f := &tokenFlags{flags: own}
	f.description = f.String("description", "", "")
	f.expires = f.String("expires", "", "")
	f.String("rate-limit", "", "")
	f.Var(&f.packages, "package", "")
	f.Var(&f.packageRules, "package-rule", "")
	f.Var(&f.networks, "network", "")
	f.Var(&f.label, "label", "")
	return f
}

const (
	aRateLimit    = "a number of requests an hour; 0 means no limit"
	aNumberOfDays = "a number of days, 1 to 30"
)

func createToken(own *flags) work {
	f := newTokenFlags(own)
	permission := f.String("permission", "read-only", "")
	externalID := f.String("external-id", "", "")
	claim := f.Bool("claim", false, "")
	f.String("claim-days", "", "")
	return func(ctx context.Context, t *tools) error {
		in := tokens.NewToken{Description: *f.description, Packages: f.packages, Networks: f.networks}
		switch *permission {
		case "read-only":
			in.Permission = token.PermissionREAD_ONLY
		case "write":
			in.Permission = token.PermissionWRITE
		default:
			return &usageError{"--permission is read-only or write"}
		}
		if f.given("external-id") {
			in.ExternalID = externalID
		}
		var err error
		if in.ExpiresAt, in.NeverExpires, err = parseExpiry(*f.expires, t.now); err != nil {
			return err
		}
		if in.RateLimit, err = f.number("rate-limit", aRateLimit); err != nil {
			return err
		}
		if in.PackageRules, err = parsePackageRules(f.packageRules); err != nil {
			return err
		}
		if in.Labels, err = parseLabels(f.label); err != nil {
			return err
		}
		days, err := f.number("claim-days", aNumberOfDays)
		if err != nil {
			return err
		}
		if *claim {
			row, code, err := t.access.CreateForClaim(ctx, nil, in, days)
			if err != nil {
				return err
			}
			return t.printClaimLink(row, code)
		}
		if days != nil {
			return &usageError{"--claim-days is how long a claim link works: say --claim as well"}
		}
		row, secret, err := t.access.Create(ctx, nil, in)
		if err != nil {
			return err
		}
		fmt.Fprintf(t.Err, "Token %s created. Its secret is shown this once:\n", row.ID)
		fmt.Fprintln(t.Out, secret.Reveal())
		return nil
	}
}

func renewClaim(f *flags) work {
	f.String("claim-days", "", "")
	return func(ctx context.Context, t *tools) error {
		days, err := f.number("claim-days", aNumberOfDays)
		if err != nil {
			return err
		}
		row, code, err := t.access.RenewClaim(ctx, nil, f.words[0], days)
		if err != nil {
			return err
		}
		return t.printClaimLink(row, code)
	}
}

// printClaimLink prints the link alone on standard output.
func (t *tools) printClaimLink(row *ent.Token, code string) error {
	fmt.Fprintf(t.Err, "Token %s waits to be claimed. Whoever opens this link sees its secret, once, until %s UTC:\n", row.ID, date(row.ClaimEndsAt, ""))
	_, err := fmt.Fprintln(t.Out, tokens.ClaimLink(t.config.PublicURL.String(), code))
	return err
}

func updateToken(own *flags) work {
	f := newTokenFlags(own)
	return func(ctx context.Context, t *tools) error {
		in := tokens.Changes{Packages: f.packages, Networks: f.networks}
		if f.given("description") {
			in.Description = f.description
		}
		var err error
		if in.ExpiresAt, in.ClearExpiresAt, err = parseExpiry(*f.expires, t.now); err != nil {
			return err
		}
		if in.RateLimit, err = f.number("rate-limit", aRateLimit); err != nil {
			return err
		}
		if in.PackageRules, err = parsePackageRules(f.packageRules); err != nil {
			return err
		}
		if in.Labels, err = parseLabels(f.label); err != nil {
			return err
		}
		row, err := t.access.Update(ctx, nil, f.words[0], in)
		if err != nil {
			return err
		}
		fmt.Fprintf(t.Err, "Token %s (%s) is changed.\n", row.ID, row.Description)
		return nil
	}
}

// parsePackageRules reads --package-rule: nil where none was given, empty for none.
func parsePackageRules(texts []string) ([]schema.PackageRule, error) {
	if texts == nil {
		return nil, nil
	}
	rules := []schema.PackageRule{}
	if len(texts) == 1 && texts[0] == "none" {
		return rules, nil
	}
	for _, text := range texts {
		one, err := packagerule.Read(text)
		if err != nil {
			return nil, &usageError{"--package-rule: " + err.Error()}
		}
		rules = append(rules, one)
	}
	return rules, nil
}

// shown is a token as token list and token show tell it.
type shown struct {
	ID               string               `json:"id"`
	Description      string               `json:"description"`
	Permission       string               `json:"permission"`
	Status           string               `json:"status"`
	Hint             string               `json:"hint"`
	Packages         []string             `json:"packages"`
	PackageRules     []schema.PackageRule `json:"packageRules"`
	Networks         []string             `json:"networks"`
	RateLimit        *int                 `json:"rateLimit"`
	ExternalID       *string              `json:"externalId"`
	Labels           map[string]string    `json:"labels"`
	ParentID         *string              `json:"parentId"`
	CreatedAt        time.Time            `json:"createdAt"`
	CreatedBy        string               `json:"createdBy"`
	LastUsedAt       *time.Time           `json:"lastUsedAt"`
	LastUsedAddress  *string              `json:"lastUsedAddress"`
	LastUsedClient   *string              `json:"lastUsedClient"`
	ExpiresAt        *time.Time           `json:"expiresAt"`
	DisabledAt       *time.Time           `json:"disabledAt"`
	RevokedAt        *time.Time           `json:"revokedAt"`
	LeakedAt         *time.Time           `json:"leakedAt"`
	ClaimPending     bool                 `json:"claimPending"`
	ClaimEndsAt      *time.Time           `json:"claimEndsAt"`
	ClaimedAt        *time.Time           `json:"claimedAt"`
	ClaimedBy        *string              `json:"claimedBy"`
	ClaimedAddress   *string              `json:"claimedAddress"`
	ClaimedClient    *string              `json:"claimedClient"`
	CreatedByRemoved *bool                `json:"createdByRemoved,omitempty"` // told of one token
}

func show(row *ent.Token, status tokens.Status, now time.Time) shown {
	labels := map[string]string{}
	for _, label := range row.Labels {
		labels[label.Name] = label.Value
	}
	hint := ""
	if n := len(row.Edges.Secrets); n > 0 {
		hint = tokens.ByEnd(row.Edges.Secrets)[n-1].Hint // not of one that a rotation took back
	}
	leakedAt := row.LeakedAt
	if !tokens.Leaked(row, now) {
		leakedAt = nil
	}
	return shown{row.ID, row.Description, string(row.Permission), string(status), hint, row.Packages, append([]schema.PackageRule{}, row.PackageRules...), row.Networks,
		row.RateLimit, row.ExternalID, labels, row.ParentID, row.CreatedAt, row.CreatedBy, row.LastUsedAt, row.LastUsedAddress,
		row.LastUsedClient, row.ExpiresAt, row.DisabledAt, row.RevokedAt, leakedAt, tokens.ClaimPending(row), row.ClaimEndsAt, row.ClaimedAt, row.ClaimedBy, row.ClaimedAddress,
		row.ClaimedClient, nil}
}

func (t *tools) showAll(ctx context.Context, rows ...*ent.Token) ([]shown, error) {
	statuses, err := tokens.Statuses(ctx, t.db.Client, t.now, rows...)
	if err != nil {
		return nil, err
	}
	all := make([]shown, len(rows))
	for i, row := range rows {
		all[i] = show(row, statuses[i], t.now)
	}
	return all, nil
}

func listTokens(own *flags) work {
	f := newFilterFlags(own)
	asJSON := f.Bool("json", false, "")
	return func(ctx context.Context, t *tools) error {
		conditions, err := f.conditions(t.now)
		if err != nil {
			return err
		}
		rows, err := t.db.Client.Token.Query().Where(conditions...).
			WithSecrets().Order(ent.Asc(token.FieldCreatedAt)).All(ctx)
		if err != nil {
			return fmt.Errorf("read tokens: %w", err)
		}
		all, err := t.showAll(ctx, rows...)
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(t.Out, all)
		}
		table := t.table(0)
		fmt.Fprintln(table, "ID\tDESCRIPTION\tPERMISSION\tSTATUS\tLAST USED\tEXPIRES")
		for _, one := range all {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", one.ID, one.Description, one.Permission, one.Status, date(one.LastUsedAt, "never"), date(one.ExpiresAt, "never"))
		}
		return table.Flush()
	}
}

func showToken(f *flags) work {
	asJSON := f.Bool("json", false, "")
	return func(ctx context.Context, t *tools) error {
		row, err := t.db.Client.Token.Query().Where(token.ID(f.words[0])).
			WithSecrets().Only(ctx)
		if ent.IsNotFound(err) {
			return &fault.NotFound{What: "token", ID: f.words[0]}
		}
		if err != nil {
			return fmt.Errorf("read the token: %w", err)
		}
		all, err := t.showAll(ctx, row)
		if err != nil {
			return err
		}
		one := all[0]
		if one.CreatedByRemoved, err = t.makerRemoved(ctx, row); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(t.Out, one)
		}
		return printToken(t, row, one)
	}
}

// makerRemoved tells whether a token was made by a person who has been removed since.
func (t *tools) makerRemoved(ctx context.Context, row *ent.Token) (*bool, error) {
	removed, err := t.accounts().Removed(ctx, row.CreatedBy)
	return &removed, err
}

func printToken(t *tools, row *ent.Token, one shown) error {
	table := t.table(0)
	line := func(name, value string) { fmt.Fprintf(table, "%s\t%s\n", name, value) }
	line("ID", one.ID)
	line("Description", one.Description)
	line("Permission", one.Permission)
	line("Status", one.Status)
	line("Packages", orAll(one.Packages, "every package"))
	for _, rule := range one.PackageRules {
		line("Package rule", packagerule.Text(rule))
	}
	line("Networks", orAll(one.Networks, "any"))
	created := date(&one.CreatedAt, "") + " by " + one.CreatedBy
	if *one.CreatedByRemoved {
		created += ", who has been removed since"
	}
	line("Created", created)
	if one.ClaimEndsAt != nil {
		line("Claim", claimOf(one))
	}
	line("Expires", date(one.ExpiresAt, "never"))
	line("Last used", date(one.LastUsedAt, "never"))
	for _, secret := range tokens.ByEnd(row.Edges.Secrets) {
		if secret.ExpiresAt == nil || t.now.Before(*secret.ExpiresAt) {
			line("Secret", fmt.Sprintf("%s, ends %s, last used %s", secret.Hint, date(secret.ExpiresAt, "with the token"), date(secret.LastUsedAt, "never")))
		}
	}
	return table.Flush()
}

// claimOf says how a token stands that is handed over by a link.
func claimOf(one shown) string {
	if one.ClaimedAt == nil {
		return "nobody claimed it; the link ends " + date(one.ClaimEndsAt, "")
	}
	said := "claimed " + date(one.ClaimedAt, "")
	if one.ClaimedBy != nil {
		said += " by " + *one.ClaimedBy
	}
	if one.ClaimedAddress != nil {
		said += " from " + *one.ClaimedAddress
	}
	if one.ClaimedClient != nil && *one.ClaimedClient != "" {
		said += ", " + *one.ClaimedClient
	}
	return said
}

func orAll(texts []string, otherwise string) string {
	if len(texts) == 0 {
		return otherwise
	}
	return strings.Join(slices.Sorted(slices.Values(texts)), ", ")
}
