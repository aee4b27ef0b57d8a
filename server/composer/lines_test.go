package composer_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"broker/ent"
	"broker/ent/pin"
	"broker/server/catalog"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/fixture"
	"broker/server/repository"
	"broker/server/tokens"
)

// infos are the lines of packages.json that are no warnings.
func (w *world) infos(secret string) (lines []string) {
	w.Helper()
	r := w.get(secret, "/packages.json")
	var root struct {
		Infos []struct{ Message, Versions string }
	}
	w.must(json.Unmarshal(r.Body.Bytes(), &root))
	for _, line := range root.Infos {
		if line.Versions != "*" {
			w.Errorf("the versions of Composer are %q, without which it ends", line.Versions)
		}
		lines = append(lines, line.Message)
	}
	return lines
}

// A token is told of its end when 14, 7, 3, 1 and 0 days are left: each time for a day from the first run on, be it later
// than that. In between it is not, and clients go on by their copies.
func TestTheEndOfATokenIsToldInStages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t), fixture.Options{})
	end := time.Now().Add(30*24*time.Hour + time.Hour)
	secret := w.token(tokens.NewToken{ExpiresAt: &end})
	usual := w.get(secret, "/packages.json").Header().Get("Last-Modified")
	at := func(left float64) string {
		w.ahead.Store(int64(time.Until(end) - time.Duration(left*24*float64(time.Hour))))
		r, lines := w.lines(secret, "If-Modified-Since", usual)
		if len(lines) == 0 {
			if r.Code != http.StatusNotModified {
				t.Errorf("with %g days left: %d %s", left, r.Code, r.Body)
			}
			return ""
		}
		if !strings.Contains(lines[0], end.UTC().Format("2 January 2006 15:04 UTC")) || !strings.Contains(lines[0], "Ask for a new one") {
			t.Errorf("with %g days left: %q", left, lines)
		}
		_, said, _ := strings.Cut(lines[0], " expires ")
		said, _, _ = strings.Cut(said, ",")
		return said
	}
	for _, c := range []struct {
		left float64
		want string
	}{
		{20, ""}, {15.1, ""}, {14.5, "in 14 days"}, {13.9, "in 13 days"}, {13.4, ""}, {8.1, ""},
		{5.5, "in 5 days"}, // the first run since a week was left
		{4.6, "in 4 days"}, {4.4, ""}, {3.9, "in 3 days"}, {2.8, ""}, {1.9, "in 1 day"}, {0.99, "within a day"}, {0.01, "within a day"},
	} {
		if got := at(c.left); got != c.want {
			t.Errorf("with %g days left: %q, want %q", c.left, got, c.want)
		}
	}
}

// Whoever still sends a secret that a rotation replaced is told until when it works, and which one to use; whoever sends
// the new one is told nothing.
func TestAReplacedSecretIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t), fixture.Options{})
	row, old, err := w.access.Create(t.Context(), nil, tokens.NewToken{Description: "<error>CI"})
	w.must(err)
	if _, lines := w.lines(old.Reveal()); len(lines) != 0 {
		t.Fatalf("before: %q", lines)
	}
	done, err := w.access.Rotate(t.Context(), nil, row.ID, 2*24*time.Hour)
	w.must(err)
	renewed := done.Secret.Reveal()
	want := fmt.Sprintf(`The secret of the access token "\<error>CI" was replaced, and the one used here works until %s. Use the new one, which ends in %s.`,
		done.PreviousExpiresAt.Format("2 January 2006 15:04 UTC"), renewed[len(renewed)-4:])
	if _, lines := w.lines(old.Reveal()); !slices.Equal(lines, []string{want}) {
		t.Errorf("%q, want %q", lines, want)
	}
	if _, lines := w.lines(renewed); len(lines) != 0 {
		t.Errorf("the new one is told %q", lines)
	}
}

// A token with less than a tenth of its requests left is told how many, in place of a 304, which is told nothing and
// costs nothing while there are more.
func TestALimitThatIsNearlyUsedIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t), fixture.Options{})
	limit := 2000
	secret := w.token(tokens.NewToken{RateLimit: &limit})
	usual := w.get(secret, "/packages.json").Header().Get("Last-Modified")
	for range 1790 {
		w.get(secret, "/p2/no/such.json")
	}
	said := regexp.MustCompile(`^(\d+) of 2,000 requests of the access token "CI" are left until \d\d:00 UTC\.$`)
	for range 300 { // an hour that ends meanwhile gives some more
		r, lines := w.lines(secret, "If-Modified-Since", usual)
		if r.Code == http.StatusNotModified && remaining(r) >= 200 {
			w.get(secret, "/p2/no/such.json")
			continue
		}
		if len(lines) != 1 || !said.MatchString(lines[0]) || said.FindStringSubmatch(lines[0])[1] != strconv.Itoa(remaining(r)) || remaining(r) >= 200 {
			t.Errorf("%d, %d left, %q", r.Code, remaining(r), lines)
		}
		return
	}
	t.Error("it was never told")
}

// There are five lines at most, those on the token itself first.
func TestTheMostImportantLinesComeFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t), fixture.Options{})
	w.hold(30)
	_, err := w.catalog.BlockVersions(t.Context(), catalog.NewBlock{Package: "acme/contracts", Versions: "*", Reason: "steals keys"})
	w.must(err)
	limit, soon := 10, time.Now().Add(100*time.Hour)
	row, old, err := w.access.Create(t.Context(), nil, tokens.NewToken{Description: "CI", ExpiresAt: &soon, RateLimit: &limit})
	w.must(err)
	done, err := w.access.Rotate(t.Context(), nil, row.ID, time.Hour)
	w.must(err)
	w.ended(time.Now().UTC(), true)
	for range 9 {
		w.get(done.Secret.Reveal(), "/p2/no/such.json")
	}
	r, lines := w.lines(old.Reveal())
	var root struct{ Infos []struct{ Message string } }
	w.must(json.Unmarshal(r.Body.Bytes(), &root))
	for _, one := range root.Infos {
		lines = append(lines, one.Message)
	}
	if len(lines) != 5 {
		t.Fatalf("%q", lines)
	}
	for i, want := range []string{"0 of 10 requests", "was replaced", "expires in 4 days", "cannot be reached", "Blocked: acme/contracts"} {
		if !strings.Contains(lines[i], want) {
			t.Errorf("line %d is %q, want %s", i, lines[i], want)
		}
	}
}

// hold has the repository hold releases back for so many days, and publishes one.
func (w *world) hold(days int) {
	w.Helper()
	_, err := w.sources.Update(w.Context(), w.repo.ID, repository.Input{CooldownDays: &days})
	w.must(err)
	w.upstream.Publish("acme/lib", "2.1.0")
	w.sync()
}

// repin changes what is pinned of a release, as time or a source does.
func (w *world) repin(version string, change func(*ent.PinUpdate)) {
	w.Helper()
	w.must(w.db.Tx(w.Context(), func(tx *database.Tx) error {
		tx.Announce(database.TopicNews, "acme/lib")
		update := tx.Pin.Update().Where(pin.Package("acme/lib"), pin.NormalizedVersion(version))
		change(update)
		return update.Exec(w.Context())
	}))
}

// While they are news, versions that are held back, blocked or changed are told of to whoever may have them, and to
// nobody else; what is let through, freed, decided or old is told of no more, and clients go on by their copies.
func TestNewsOfVersionsAreTold(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db, fixture.Options{})
		all, other := w.token(tokens.NewToken{}), w.token(tokens.NewToken{Packages: []string{"acme/n*", "globex/*"}})
		below := w.token(tokens.NewToken{PackageRules: w.rules("acme/* <2")})
		usual := w.get(all, "/packages.json").Header().Get("Last-Modified")
		told := func(secret string, want ...string) {
			t.Helper()
			if got := w.infos(secret); !slices.Equal(got, want) {
				t.Errorf("told %q, want %q", got, want)
			}
		}
		told(all)
		w.hold(30)
		now := time.Now().UTC()
		until := now.AddDate(0, 0, 30).Format("2 January")
		told(all, "Held back until "+until+": acme/lib 2.1.0 (first seen less than a day ago)")
		told(other)
		told(below)
		w.repin("2.1.0.0", func(u *ent.PinUpdate) { u.SetSeenAt(now.Add(-49 * time.Hour)) })
		until = now.Add(-49*time.Hour).AddDate(0, 0, 30).Format("2 January")
		told(all, "Held back until "+until+": acme/lib 2.1.0 (released 2 days ago)")

		w.repin("1.0.0.0", func(u *ent.PinUpdate) { u.SetChangedAt(now).SetChange([]byte("x")) })
		changed := "Changed by the source, and served as it was first seen: acme/lib 1.0.0 (since " + now.Format("2 January") + ")"
		told(all, changed, "Held back until "+until+": acme/lib 2.1.0 (released 2 days ago)")
		told(below, changed)
		told(other)

		block, err := w.catalog.BlockVersions(t.Context(), catalog.NewBlock{Package: "acme/l*", Versions: ">=2.1", Reason: "<b>steals keys"})
		w.must(err)
		told(all, `Blocked: acme/l* >=2.1 (\<b>steals keys)`, changed)
		told(other)
		w.must(w.catalog.Unblock(t.Context(), block.ID))
		w.repin("1.0.0.0", func(u *ent.PinUpdate) { u.ClearChangedAt().ClearChange() })
		w.repin("2.1.0.0", func(u *ent.PinUpdate) { u.SetReleasedAt(now) })
		told(all)
		w.repin("2.1.0.0", func(u *ent.PinUpdate) { u.ClearReleasedAt().SetSeenAt(now.Add(-8 * 24 * time.Hour)) })
		told(all) // held back still, and no news
		if r := w.get(all, "/packages.json", "If-Modified-Since", usual); r.Code != http.StatusNotModified {
			t.Errorf("after the news: %d", r.Code)
		}
	})
}

// A line names three at most, and says how many more there are.
func TestNewsAreShort(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t), fixture.Options{})
	for n := range 5 {
		_, err := w.catalog.BlockVersions(t.Context(), catalog.NewBlock{Package: "acme/lib", Versions: fmt.Sprintf("9.%d.0", n), Reason: strings.Repeat("x", 500)})
		w.must(err)
	}
	_, err := w.catalog.BlockVersions(t.Context(), catalog.NewBlock{Package: "no/such", Versions: "*", Reason: "nobody has it"})
	w.must(err)
	lines := w.infos(w.token(tokens.NewToken{}))
	if len(lines) != 1 || !strings.HasPrefix(lines[0], "Blocked: acme/lib 9.4.0 (x") || !strings.HasSuffix(lines[0], ", and 2 more") || len(lines[0]) > 500 {
		t.Errorf("%q", lines)
	}
}
