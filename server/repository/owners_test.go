package repository

import (
	"testing"

	"broker/server/pattern"
)

// What nobody knows the repository of is served under no name that is claimed, also by who was never removed.
func TestWhatIsOfNobodyIsUnderNoClaimedName(t *testing.T) {
	t.Parallel()
	names, err := pattern.Parse([]string{"acme/*"})
	if err != nil {
		t.Fatal(err)
	}
	order := &Order{claims: []claimed{{names: names, owner: "repo_1"}}}
	if order.Outlives("acme/lib", "") {
		t.Error("an archive of nobody is served under a name that repo_1 owns")
	}
	if !order.Outlives("other/lib", "") {
		t.Error("an archive is not served under a name that nobody claims")
	}
}
