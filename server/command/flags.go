package command

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"broker/ent/schema"
)

// many is a flag that may be given more than once.
type many []string

func (m *many) String() string     { return strings.Join(*m, ",") }
func (m *many) Set(s string) error { *m = append(*m, s); return nil }

// flags are a command's flags, which may stand before, between and after its other words.
type flags struct {
	*flag.FlagSet
	words []string
}

func newFlags(name string) *flags {
	f := &flags{FlagSet: flag.NewFlagSet(name, flag.ContinueOnError)}
	f.SetOutput(io.Discard)
	return f
}

// parse reads a command line that has between least and most words beside the flags.
func (f *flags) parse(args []string, least, most int) error {
	for {
		if err := f.FlagSet.Parse(args); err != nil {
			return &usageError{fmt.Sprintf("%s: %v", f.Name(), err)}
		}
		if f.NArg() == 0 {
			break
		}
		f.words = append(f.words, f.Arg(0))
		args = f.Args()[1:]
	}
	if name := f.empty(); name != "" {
		return &usageError{fmt.Sprintf("%s: --%s is empty: give it a value, or leave it out", f.Name(), name)}
	}
	switch {
	case len(f.words) > most:
		return &usageError{fmt.Sprintf("%s: unexpected %s", f.Name(), f.words[most])}
	case len(f.words) < least:
		return &usageError{f.Name() + ": say which; broker help shows how"}
	}
	return nil
}

// empty names a flag that is given without a value. It must not pass for one that is left out: a filter would be wider,
// and a life longer, than was meant.
func (f *flags) empty() (name string) {
	f.Visit(func(one *flag.Flag) {
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
	f.Visit(func(one *flag.Flag) { yes = yes || one.Name == name })
	return yes
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
