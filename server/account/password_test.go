package account

import (
	"strings"
	"testing"
)

// An address that nobody has is answered at the cost of one that somebody has: what is compared then has the parameters
// of a password's hash, which is read whole, and is new for each server.
func TestNobodysHashCostsWhatOthersDo(t *testing.T) {
	t.Parallel()
	made, err := newHasher().hash(t.Context(), "correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	one, another := decoy(), decoy()
	if parameters := made[:strings.Index(made, "p=1$")]; !strings.HasPrefix(one, parameters) || len(one) != len(made) || one == another {
		t.Errorf("%q and %q, beside %q", one, another, made)
	}
	if right, err := matches("", one); right || err != nil {
		t.Errorf("no password: %t %v", right, err)
	}
}
