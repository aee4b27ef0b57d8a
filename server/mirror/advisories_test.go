package mirror_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"broker/ent"
	"broker/ent/auditevent"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/pattern"
	"broker/server/view"
)

// root has packages.json say of advisories what is given.
func (w *world) advising(how fields) {
	w.on("/packages.json", body(marshal(fields{"packages": []any{}, "metadata-url": "/p2/%package%.json", "available-packages": []string{"acme/lib"}, "security-advisories": how})))
}

// known are the advisories of the package as a token with these patterns is told them.
func (w *world) known(patterns ...string) []view.Advisory {
	w.Helper()
	visible, err := pattern.Parse(patterns)
	w.must(err)
	found, err := w.view.Advisories(w.Context(), []string{"acme/lib", "acme/none"}, time.Time{}, visible)
	w.must(err)
	if _, told := found["acme/none"]; told {
		w.Error("a package that is not here is told of")
	}
	return found["acme/lib"]
}

func affected(versions ...string) []fields {
	var all []fields
	for _, v := range versions {
		all = append(all, fields{"advisoryId": "A-" + v, "affectedVersions": v, "title": "T " + v, "reportedAt": "2026-01-02T03:04:05+00:00",
			"sources": []fields{{"name": "GitHub", "remoteId": "G-" + v}}})
	}
	return all
}

// asNextHour has the repository's next sync be a later one.
func (w *world) asNextHour() {
	w.Helper()
	w.repo = w.db.Client.Repository.GetX(w.Context(), w.repo.ID)
	w.repo = w.repo.Update().SetNillableAdvisoriesAt(earlier(w.repo)).SaveX(w.Context())
}

func earlier(r *ent.Repository) *time.Time {
	if r.AdvisoriesAt == nil {
		return nil
	}
	at := r.AdvisoriesAt.Add(-time.Hour)
	return &at
}

// What a source answers when it is asked for advisories is told of its packages, as far as Composer can read it and to
// whom may see the package; it is asked once an hour; a source that fails keeps what it said, and what it drops is gone.
func TestAdvisoriesAreThoseOfTheSource(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.publish(fields{"version": "1.0.0", "dist": w.dist("/a.zip", zipOf("a"), commit)})
		w.advising(fields{"metadata": true, "api-url": "api/advisories?x=1"}) // relative
		answer := func(list any) {
			w.on("/api/advisories", func(rw http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodPost || r.FormValue("packages[]") != "acme/lib" {
					t.Errorf("the source is asked with %s %v", r.Method, r.Form)
				}
				rw.Write(marshal(fields{"advisories": fields{"acme/lib": list, "acme/other": affected("*")}}))
			})
		}
		long := strings.Repeat("x", 5000)
		answer(append(affected("<1.1", ">=2,<2.3", "not a constraint ~~", ""),
			fields{"advisoryId": "same", "affectedVersions": "3.0", "cve": "CVE-1", "link": "https://example.org/1"},
			fields{"advisoryId": "again", "affectedVersions": "4.0", "cve": "CVE-1", "severity": "high"},
			fields{"advisoryId": "other of the page", "affectedVersions": "5.0", "cve": "CVE-2", "link": "https://example.org/1"},
			fields{"advisoryId": "bad", "affectedVersions": "6.0", "title": "\u202e\x1b[31m" + long, "link": "javascript:alert(1)"}))
		w.mustSync()
		got := map[string]view.Advisory{}
		for _, a := range w.known() {
			got[a.ID] = a
		}
		if len(got) != 5 || got["A-<1.1"].Title != "T <1.1" || got["A-<1.1"].ReportedAt != "2026-01-02T03:04:05Z" || got["A-<1.1"].Sources[0].Name != "GitHub" {
			t.Errorf("the advisories: %+v", got)
		}
		if one := got["same"]; one.Affected != "3.0|4.0" || *one.Severity != "high" || one.Title != "same" || one.Sources[0].Name != "acme" || one.ReportedAt == "" {
			t.Errorf("two of one CVE: %+v", one)
		}
		if bad := got["bad"]; bad.Link != nil || len(bad.Title) > 400 || strings.ContainsAny(bad.Title, "\x1b\u202e") {
			t.Errorf("texts of a hostile source: %+v", bad)
		}
		if told := w.known("globex/*"); told != nil {
			t.Errorf("a token that may not see the package is told %v", told)
		}

		asked, document := w.count("/api/advisories"), w.root()
		if asked != 1 {
			t.Errorf("the source is asked %d times", asked)
		}
		w.asNextSync()
		w.mustSync()
		if n := w.count("/api/advisories"); n != 0 {
			t.Errorf("the source is asked %d times within the hour", n)
		}
		w.on("/api/advisories", body([]byte("<html>")))
		w.asNextHour()
		if skipped, err := w.sync(); err != nil || len(skipped) != 1 || len(w.known()) != 5 {
			t.Errorf("a source that fails: %v, %v, %v", skipped, err, w.known())
		}
		more := affected("<1.2")
		for _, said := range []fields{{"cve": "CVE-2026-1", "severity": "low"}, {"severity": "high"}, {}} { // of one that is known
			one := fields{"cve": nil, "severity": nil}
			maps.Copy(one, more[0])
			maps.Copy(one, said)
			answer([]fields{one})
			w.asNextHour()
			w.mustSync()
			if all := w.known(); len(all) != 1 || (all[0].CVE == nil) != (said["cve"] == nil) || (all[0].Severity == nil) != (said["severity"] == nil) {
				t.Errorf("once it says %v: %+v", said, all)
			}
		}
		if all := w.known(); len(all) != 1 || all[0].Affected != "<1.2" {
			t.Errorf("after a change: %+v", all)
		}
		w.on("/packages.json", body(marshal(fields{"packages": []any{}, "metadata-url": "/p2/%package%.json", "available-packages": []string{"acme/lib"}})))
		w.asNextHour()
		w.mustSync()
		if all := w.known(); len(all) != 0 || all == nil {
			t.Errorf("of a source without advisories: %#v", all)
		}
		if w.root() != document {
			t.Error("packages.json is another for an advisory")
		}
	})
}

// asNextSync has the next sync see the repository as it is stored.
func (w *world) asNextSync() {
	w.Helper()
	w.repo = w.db.Client.Repository.GetX(w.Context(), w.repo.ID)
}

// A source that is followed by name is asked for the advisories of a package soon after somebody asked for it.
func TestAdvisoriesOfAFollowedPackage(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.repo = w.repo.Update().SetListed(false).SaveX(t.Context())
		w.on("/packages.json", body(marshal(fields{"packages": []any{}, "metadata-url": "/p2/%package%.json", "security-advisories": fields{"metadata": true, "api-url": "/api"}})))
		w.on("/api", body(marshal(fields{"advisories": fields{"acme/lib": affected("<1.2")}})))
		w.publish(fields{"version": "1.0.0", "dist": w.dist("/a.zip", zipOf("a"), commit)})
		if offers := w.offers(false); len(offers) != 1 {
			t.Fatalf("offered are %v", offers)
		}
		for end := time.Now().Add(time.Minute); len(w.known()) != 1; time.Sleep(50 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("its advisories are not known")
			}
		}
	})
}

// Advisories that stand in the documents of packages, as a list or by name, are those of the source where it cannot be
// asked.
func TestAdvisoriesOfDocuments(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.advising(fields{"metadata": true})
		version := fields{"name": "acme/lib", "version": "1.0.0", "dist": w.dist("/a.zip", zipOf("a"), commit)}
		for i, step := range []struct {
			said any
			want int
		}{{affected("<1.1", "<1.2"), 2}, {fields{"acme/lib": affected("<1.3")}, 1}, {[]fields{}, 0}, {affected("<1.1"), 1}, {nil, 0}} {
			w.on("/p2/acme/lib.json", body(marshal(fields{"packages": fields{"acme/lib": []fields{version}}, "security-advisories": step.said})))
			w.mustSync()
			if all := w.known(); len(all) != step.want {
				t.Errorf("step %d: %+v", i, all)
			}
		}
	})
}

// The first release that an advisory does not affect is let through its cooldown, whichever comes first, the release or
// the advisory; what comes after the fix, another major version and a release without an affected one before it wait.
func TestFixesDoNotWait(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		for _, advisoryFirst := range []bool{true, false} {
			w := newWorld(t, db)
			w.repo = w.repo.Update().SetName(map[bool]string{true: "first", false: "last"}[advisoryFirst]).SetPriority(map[bool]int{true: 9, false: 1}[advisoryFirst]).SaveX(t.Context())
			dist := w.dist("/a.zip", zipOf("a"), commit)
			versions := func(all ...string) (some []fields) {
				for _, v := range all {
					some = append(some, fields{"version": v, "dist": dist, "time": "2020-01-01T00:00:00+00:00"})
				}
				return some
			}
			advise := func() {
				w.on("/api", body(marshal(fields{"advisories": fields{"acme/lib": affected("<1.2")}})))
			}
			w.advising(fields{"api-url": "/api"})
			w.on("/api", body(marshal(fields{"advisories": []any{}})))
			w.publish(versions("1.0.0", "3.0.0")...)
			w.mustSync()
			w.hold(7)
			if advisoryFirst {
				advise()
			}
			w.publish(versions("1.0.0", "1.1.0", "1.2.0-beta1", "1.2.0", "1.2.1", "2.0.0", "3.0.0", "3.0.1")...)
			w.asNextHour()
			w.mustSync()
			if !advisoryFirst {
				if offers := w.offers(false); len(offers) != 2 {
					t.Errorf("without an advisory: %v", offers)
				}
				advise()
				w.asNextHour()
				w.mustSync()
			}
			offers := w.offers(false)
			if _, fix := offers["1.2.0"]; !fix || len(offers) != 3 {
				t.Errorf("the advisory comes first: %v: offered are %v", advisoryFirst, offers)
			}
			held, err := w.view.Held(t.Context(), db.Client)
			w.must(err)
			for _, v := range held.AllX(t.Context()) {
				if v.Version == "1.2.0" {
					t.Error("the fix is listed as held back")
				}
			}
			if n := db.Client.AuditEvent.Query().Where(auditevent.Action("version.release")).CountX(t.Context()); n != map[bool]int{true: 1, false: 2}[advisoryFirst] {
				t.Errorf("the audit log tells of %d fixes", n)
			}
		}
	})
}
