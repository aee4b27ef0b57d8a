package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"broker/ent/schema"
)

// many is a flag that may be given more than once.
type many []string

func (m *many) String() string     { return strings.Join(*m, ",") }
func (m *many) Set(s string) error { *m = append(*m, s); return nil }

// Type implements pflag.Value.
func (m *many) Type() string { return "value…" }

// flags are a command's flags, and the words beside them.
type flags struct {
	*pflag.FlagSet
	words []string
}

// flagHelp says what flags are for, by their names: one name means one thing.
var flagHelp = map[string]string{
	"json":               "print JSON: lists as one array, names as in the GraphQL API",
	"description":        "what the token is for, 1 to 200 characters",
	"permission":         "read-only or write",
	"package":            "a pattern of packages, such as acme/*; may be given more than once",
	"package-rule":       "which versions of some packages: a pattern, then a constraint, before=DATE or stability=STABILITY, such as 'acme/* ^2.0 before=2027-01-31'; none for no rule; may be given more than once",
	"network":            "an address or CIDR network that the token may be used from; may be given more than once",
	"expires":            "days such as 90d, a date such as 2027-01-31, or never",
	"rate-limit":         "requests an hour; 0 means no limit",
	"external-id":        "the token's id elsewhere, such as an order number",
	"label":              "NAME=VALUE; may be given more than once",
	"status":             "active, expired, disabled or revoked",
	"search":             "a text to look for",
	"unused-for":         "not used for so many days, such as 90d",
	"never-used":         "never used",
	"expires-within":     "ending within so many days, such as 14d",
	"parent":             "made by the token with this id",
	"leaked":             "found in a public place",
	"claim":              "print a claim link in place of the secret: whoever opens it sees the secret, once",
	"claim-days":         "how many days the claim link works, 1 to 30; 7 unless said",
	"claim-pending":      "not claimed yet",
	"grace":              "how long the old secret works",
	"reason":             "why: the audit log tells it, and of a block Composer",
	"yes":                "do it, after it was shown",
	"name":               "the repository's name",
	"type":               "composer, vcs, which is git, or artifact for what is uploaded",
	"url":                "its address",
	"username":           "its user name",
	"password-file":      "a file with its password",
	"ssh-key-file":       "a file with the SSH private key of a git repository, without a passphrase",
	"pack-from":          "a host, such as git.example.org, that archives are packed from of versions that only have a source, none for no other than the repository's own; may be given more than once",
	"path":               "where packages are in a git repository, such as packages/*; may be given more than once",
	"owns":               "a pattern of packages that no other repository may answer for; may be given more than once",
	"priority":           "lower is asked first",
	"cooldown":           "hold releases back that were first seen fewer days ago; 0 holds none",
	"cooldown-exception": "a pattern of packages of which nothing is held back; may be given more than once",
	"mode":               "rewrite: archives come from this server alone; mirror: addresses of the source stay as a fallback",
	"credential":         "bearer, header, github, gitlab, bitbucket, gitea or none",
	"secret-file":        "a file with the secret of --credential",
	"header":             "the name of the header, with --credential header",
	"check":              "ask the source first, and add nothing where it cannot be used",
	"forget-host-keys":   "have the next sync trust the key that the host of a git repository shows then",
	"versions":           "a Composer constraint, such as 1.2.3 or ^2.0",
	"link":               "an address with more about it",
	"wait":               "wait until the sync has ended",
	"range":              "hour, day, week, month, quarter or year",
	"token":              "a token's id",
	"repository":         "a repository's id",
	"version":            "a version, normalised",
	"address":            "an IPv4 or IPv6 address",
	"from":               "from this day on, such as 2027-01-31",
	"to":                 "to this day",
	"actor":              "who did it",
	"action":             "what was done, such as token.revoke",
	"target":             "the id of what it was done to",
	"after":              "after this day",
	"before":             "before this day",
	"email":              "the e-mail address they sign in with",
	"role":               "owner, maintainer or viewer",
	"host":               "github, gitlab or gitea, which is Forgejo too",
	"token-file":         "a file with a token that may read the repositories; of a user of GitHub that user's own, for private ones",
	"include":            "a pattern of names of repositories that are added, such as lib-*; may be given more than once",
	"exclude":            "a pattern of names of repositories that are not; may be given more than once",
	"forks":              "add forks too",
	"archived":           "add what is archived at the host too",
	"repositories":       "remove the repositories that it added as well",
	"kind":               "a kind of notice, such as token.expiring; may be given more than once; left out, all kinds",
	"remove":             "remove it: no delivery counts any more",
}

// explain gives each flag its help, where its command does not.
func (f *flags) explain() {
	f.VisitAll(func(one *pflag.Flag) {
		if one.Usage == "" {
			one.Usage = flagHelp[one.Name]
		}
	})
}

// empty names a flag that is given without a value. It must not pass for one that is left out: a filter would be wider,
// and a life longer, than was meant.
func (f *flags) empty() (name string) {
	f.Visit(func(one *pflag.Flag) {
		values := []string{one.Value.String()}
		if many, ok := one.Value.(*many); ok {
			values = *many
		}
		if slices.ContainsFunc(values, func(value string) bool { return strings.TrimSpace(value) == "" }) {
			name = one.Name
		}
	})
	return name
}

// given tells whether a flag is on the command line.
func (f *flags) given(name string) (yes bool) {
	f.Visit(func(one *pflag.Flag) { yes = yes || one.Name == name })
	return yes
}

// wrongFlag says what is wrong with a flag.
func wrongFlag(err error) string {
	invalid, ok := errors.AsType[*pflag.InvalidValueError](err)
	if !ok {
		return err.Error()
	}
	wants, known := map[string]string{"int": "a whole number", "bool": "true or false"}[invalid.GetFlag().Value.Type()]
	if !known {
		return err.Error()
	}
	return fmt.Sprintf("--%s is %s, and %q is not", invalid.GetFlag().Name, wants, invalid.GetValue())
}

// number reads a flag that is a whole number; nil where it is not given.
func (f *flags) number(name, what string) (*int, error) {
	if !f.given(name) {
		return nil, nil
	}
	n, err := strconv.Atoi(f.Lookup(name).Value.String())
	if err != nil {
		return nil, &usageError{fmt.Sprintf("--%s is %s", name, what)}
	}
	return &n, nil
}

// parseExpiry reads 90d, or a day in UTC at whose end something expires; never is true for "never", and both are
// nothing for "".
func parseExpiry(text string, now time.Time) (at *time.Time, never bool, err error) {
	switch text {
	case "":
		return nil, false, nil
	case "never":
		return nil, true, nil
	}
	if days, ok := parseDays(text); ok {
		end := now.AddDate(0, 0, days)
		return &end, false, nil
	}
	day, err := time.Parse("2006-01-02", text)
	if err != nil {
		return nil, false, &usageError{fmt.Sprintf("--expires %q is neither days, such as 90d, nor a date, such as 2027-01-31, nor never", text)}
	}
	end := day.Add(24*time.Hour - time.Second)
	return &end, false, nil
}

func parseDays(text string) (int, bool) {
	days, ok := strings.CutSuffix(text, "d")
	n, err := strconv.Atoi(days)
	return n, ok && err == nil && n > 0 && n < 100_000
}

// parseLabels reads NAME=VALUE.
func parseLabels(texts []string) ([]schema.Label, error) {
	var labels []schema.Label
	for _, text := range texts {
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			return nil, &usageError{fmt.Sprintf("--label %q is not NAME=VALUE", text)}
		}
		labels = append(labels, schema.Label{Name: name, Value: value})
	}
	return labels, nil
}

func date(at *time.Time, otherwise string) string {
	if at == nil {
		return otherwise
	}
	return at.UTC().Format("2006-01-02 15:04")
}

// printJSON is how every command prints JSON.
func printJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

// array prints a list as one JSON array, element by element: it may be longer than memory.
type array struct {
	w     io.Writer
	begun bool
}

func (a *array) add(value any) error {
	separator := ",\n"
	if !a.begun {
		separator, a.begun = "[", true
	}
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.w, "%s%s", separator, text)
	return err
}

func (a *array) end() error {
	text := "]\n"
	if !a.begun {
		text = "[]\n"
	}
	_, err := io.WriteString(a.w, text)
	return err
}
