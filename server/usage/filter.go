package usage

import (
	"fmt"
	"strings"
	"time"
)

// conditions are a query's WHERE and its arguments.
type conditions struct {
	all  []string
	args []any
}

// add adds a condition, whose %d is the number of its argument.
func (c *conditions) add(format string, arg any) {
	c.args = append(c.args, arg)
	c.all = append(c.all, fmt.Sprintf(format, len(c.args)))
}

func (c *conditions) String() string { return strings.Join(c.all, " AND ") }

// total is the kind and subject of the totals that a filter asks for; false for a combination, which has none.
func (f Filter) total() (kind, subject string, ok bool) {
	kind = kindAll
	for one, id := range map[string]string{kindToken: f.TokenID, kindSecret: f.SecretID, kindRepository: f.RepositoryID, kindPackage: f.Package} {
		switch {
		case id == "":
		case kind != kindAll:
			return "", "", false
		default:
			kind, subject = one, id
		}
	}
	return kind, subject, true
}

// series reads the counts of every hour or day, its start first: from the totals, of which each is one row, or for a
// combination from the details.
func (f Filter) series(step time.Duration, from time.Time) (query string, args []any) {
	kind, subject, ok := f.total()
	if !ok {
		table, start, c := f.details(step, from)
		return fmt.Sprintf("SELECT %s, %s FROM %s WHERE %s GROUP BY %s", start, sums(columns[:]...), table, c, start), c.args
	}
	span := spanHour
	if step > time.Hour {
		span = spanDay
	}
	return fmt.Sprintf("SELECT at, %s FROM usage_totals WHERE kind = $1 AND subject = $2 AND span = $3 AND at >= $4", strings.Join(columns[:], ", ")),
		[]any{kind, subject, span, from.Unix()}
}

// details are the table, its column of time, and the conditions, of what was counted in detail.
func (f Filter) details(step time.Duration, from time.Time) (table, start string, c *conditions) {
	table, start = "usage_hours", "hour"
	if step > time.Hour {
		table, start = "usage_days", "day"
	}
	c = &conditions{}
	c.add(start+" >= $%d", from)
	if f.TokenID != "" {
		c.add("token_id = $%d", f.TokenID)
	}
	if f.SecretID != "" {
		c.add("secret_id = $%d", f.SecretID)
	}
	if f.SecretID != "" && f.TokenID == "" { // only for the index
		c.add("token_id = (SELECT token_id FROM token_secrets WHERE id = $%d)", f.SecretID)
	}
	if f.RepositoryID != "" {
		c.add("repository_id = $%d", f.RepositoryID)
	}
	if f.Package != "" {
		c.add(ofPackage(f.TokenID), f.Package)
	}
	return table, start, c
}

// ofPackage is the condition for a package. Beside a token it is written so that the token's index is used: a package
// may be every token's.
func ofPackage(token string) string {
	if token != "" {
		return "package || '' = $%d"
	}
	return "package = $%d"
}

// sums are columns' sums as whole numbers: PostgreSQL's are decimal.
func sums(columns ...string) string {
	all := make([]string, len(columns))
	for i, column := range columns {
		all[i] = "CAST(SUM(" + column + ") AS BIGINT)"
	}
	return strings.Join(all, ", ")
}
