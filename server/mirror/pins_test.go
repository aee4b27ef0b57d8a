package mirror_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"broker/ent"
	"broker/ent/auditevent"
	"broker/ent/packageversion"
	"broker/ent/pin"
	"broker/server/catalog"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/view"
)

const retagged = "fedcba9876543210fedcba9876543210fedcba98"

// version is the row of a version of the package.
func (w *world) version(written string) *ent.PackageVersion {
	w.Helper()
	return w.db.Client.PackageVersion.Query().Where(packageversion.Version(written), packageversion.GoneAtIsNil()).WithPin().WithPackage().OnlyX(w.Context())
}

// changes are how many changes the audit log tells of.
func (w *world) changes() int {
	w.Helper()
	return w.db.Client.AuditEvent.Query().Where(auditevent.Action("version.change")).CountX(w.Context())
}

func (w *world) again() {
	w.Helper()
	if _, err := w.sync(); err != nil {
		w.Fatal(err)
	}
}

// A release stays what it was: a source that says another reference, checksum, type or requirement of it is told
// of once, and what was first seen is served, whether its archive had been fetched or not, until a person accepts.
// What describes it follows.
func TestReleasesStayWhatTheyWere(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		first, second := zipOf("first"), zipOf("second")
		publish := func(fetched, unfetched fields, more fields) {
			one, two := fields{"version": "1.0.0", "dist": fetched, "description": "d"}, fields{"version": "2.0.0", "dist": unfetched, "description": "d"}
			for key, value := range more {
				one[key], two[key] = value, value
			}
			w.publish(one, two)
		}
		pinned := func() (fields, fields) { return w.dist("/a.zip", first, commit), w.dist("/b.zip", first, commit) }
		a, b := pinned()
		publish(a, b, nil)
		w.mustSync()
		old := w.offers(false)
		w.opens("as published", old["1.0.0"], first)
		for i, change := range []struct {
			what string
			dist func(path string) fields
			more fields
		}{
			{"a reference", func(path string) fields { return w.dist("/new"+path, second, retagged) }, nil},
			{"bytes and checksum", func(path string) fields { return w.dist("/same"+path, second, commit) }, nil},
			{"what it requires", func(path string) fields { return w.dist(path, first, commit) }, fields{"require": fields{"acme/evil": "*"}}},
			{"what is run", func(path string) fields { return w.dist(path, first, commit) }, fields{"autoload": fields{"files": []string{"x.php"}}}},
		} {
			publish(change.dist("/a.zip"), change.dist("/b.zip"), change.more)
			changed, err := w.changed()
			if err != nil || changed != 2 {
				t.Errorf("%s: people are told of %d changes, %v", change.what, changed, err)
			}
			w.again() // the same is not told again
			if n := w.changes(); n != 2*(i+1) {
				t.Errorf("%s: the audit log tells of %d changes", change.what, n)
			}
			now := w.offers(false)
			if now["1.0.0"].URL != old["1.0.0"].URL || now["2.0.0"] != old["2.0.0"] {
				t.Errorf("%s: offered is %+v, and was %+v", change.what, now, old)
			}
			w.opens(change.what, now["1.0.0"], first)
			row := w.version("2.0.0")
			offer, err := w.view.Offer(t.Context(), row)
			if err != nil || offer.Withheld == nil || row.Edges.Pin.ChangedAt == nil || *row.Reference != commit {
				t.Errorf("%s: %+v, %+v, %v", change.what, offer, row.Edges.Pin, err)
			}
			if text := w.text("acme/lib", false); strings.Contains(text, "evil") || strings.Contains(text, "x.php") || strings.Contains(text, retagged) {
				t.Errorf("%s is offered: %s", change.what, text)
			}
		}
		a, b = pinned()
		publish(a, b, fields{"description": "better", "abandoned": true})
		w.mustSync() // the source took it back, and nothing is to be decided
		if text := w.text("acme/lib", false); !strings.Contains(text, "better") || !strings.Contains(text, `"abandoned":true`) {
			t.Errorf("what describes it does not follow: %s", text)
		}
		if row := w.version("1.0.0"); row.Edges.Pin.ChangedAt != nil {
			t.Errorf("the change is still told of: %+v", row.Edges.Pin)
		}
		before := w.changes() // an address that moves is no change: the bytes behind it are held to what is pinned
		publish(w.dist("/elsewhere/a.zip", first, commit), w.dist("/elsewhere/b.zip", first, commit), nil)
		w.mustSync()
		if n := w.changes(); n != before {
			t.Errorf("the audit log tells of %d changes of an address", n-before)
		}
		w.opens("behind another address", w.offers(false)["2.0.0"], first)
		w.opens("what was not fetched before", w.offers(false)["2.0.0"], first)
	})
}

// What a person accepts is served from then on, at an address of its own, and is what later changes are compared with;
// what locks name goes on. What a person rejects is not told of again, and another change is.
func TestChangesAreAcceptedAndRejected(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		publish := func(content string, reference string, more fields) {
			v := fields{"version": "1.0.0", "time": "2026-01-02T00:00:00+00:00", "dist": w.dist("/"+content+".zip", zipOf(content), reference)}
			for key, value := range more {
				v[key] = value
			}
			w.publish(v)
			w.again()
		}
		publish("first", commit, nil)
		w.mustSync()
		old := w.offers(false)["1.0.0"]
		w.opens("as published", old, zipOf("first"))
		id := w.version("1.0.0").ID
		if err := w.catalog.AcceptChange(t.Context(), id); err == nil {
			t.Error("what did not change is accepted")
		}

		publish("second", retagged, nil)
		w.must(w.catalog.RejectChange(t.Context(), id))
		w.again()
		if row := w.version("1.0.0"); row.Edges.Pin.ChangedAt != nil || w.changes() != 1 {
			t.Errorf("what was rejected is told of again: %+v, %d", row.Edges.Pin, w.changes())
		}
		if offer, err := w.view.Offer(t.Context(), w.version("1.0.0")); err != nil || offer.Withheld != nil {
			t.Errorf("rejected: %+v, %v", offer, err)
		}
		publish("third", retagged, fields{"require": fields{"php": "^8.1"}}) // other bytes under the new reference
		if row := w.version("1.0.0"); row.Edges.Pin.ChangedAt == nil || w.changes() != 2 {
			t.Errorf("another change is not told of: %+v, %d", row.Edges.Pin, w.changes())
		}
		publish("second", retagged, nil) // the rejected one comes back
		if row := w.version("1.0.0"); row.Edges.Pin.ChangedAt != nil || w.changes() != 2 {
			t.Errorf("what was rejected is told of again: %+v, %d", row.Edges.Pin, w.changes())
		}
		if now := w.offers(false)["1.0.0"]; now != (offer{old.Type, old.URL, old.Reference, sumOf(zipOf("first"))}) {
			t.Errorf("offered is %+v, and was %+v", now, old)
		}

		publish("third", retagged, fields{"require": fields{"php": "^8.1"}})
		before, err := w.view.Document(t.Context(), "acme/lib", false, free)
		w.must(err)
		w.must(w.catalog.AcceptChange(t.Context(), id))
		after, err := w.view.Document(t.Context(), "acme/lib", false, free)
		w.must(err)
		now := w.offers(false)["1.0.0"]
		if before.LastModified == after.LastModified || now.Reference != retagged || !strings.Contains(w.text("acme/lib", false), `"php":"^8.1"`) {
			t.Errorf("accepted: %+v, %s", now, w.text("acme/lib", false))
		}
		w.opens("accepted", now, zipOf("third"))
		w.opens("as locks name it", old, zipOf("first"))
		w.again()
		if row := w.version("1.0.0"); row.Edges.Pin.ChangedAt != nil || *row.Reference != retagged || row.Edges.Pin.Sha256 == "" {
			t.Errorf("after it was accepted: %+v", row.Edges.Pin)
		}
		w.mustSync()

		// The same reference with other bytes, accepted: the address that locks name stays that of the old ones.
		publish("fourth", retagged, fields{"require": fields{"php": "^8.1"}})
		w.must(w.catalog.AcceptChange(t.Context(), id))
		fourth := w.offers(false)["1.0.0"]
		if fourth.URL == now.URL || fourth.Shasum != sumOf(zipOf("fourth")) {
			t.Errorf("accepted under the same reference: %+v, before %+v", fourth, now)
		}
		w.opens("accepted under the same reference", fourth, zipOf("fourth"))
		w.mustSync()
		if again := w.offers(false)["1.0.0"]; again != fourth {
			t.Errorf("after a sync: %+v, before %+v", again, fourth)
		}
		w.opens("as newer locks name it", now, zipOf("third"))
		if n := db.Client.AuditEvent.Query().Where(auditevent.ActionIn("version.accept", "version.reject")).CountX(t.Context()); n != 3 {
			t.Errorf("the audit log tells of %d decisions", n)
		}
	})
}

// Where the source has other bytes at the very address of what was first seen, and no checksum tells, nothing is served
// rather than something else; an address that names the commit is asked.
func TestWhatCannotBeHadIsRefused(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		plain := func(path, content, reference string) fields {
			d := w.dist(path, zipOf(content), reference)
			delete(d, "shasum")
			return d
		}
		by := "/archive/" + commit + ".zip"
		w.publish(fields{"version": "1.0.0", "dist": plain("/a.zip", "first", commit)}, fields{"version": "2.0.0", "dist": plain(by, "first", commit)},
			fields{"version": "3.0.0", "dist": w.dist("/c.zip", zipOf("first"), commit)})
		w.mustSync()
		w.publish(fields{"version": "1.0.0", "dist": plain("/a.zip", "second", retagged)}, fields{"version": "2.0.0", "dist": plain("/archive/"+retagged+".zip", "second", retagged)},
			fields{"version": "3.0.0", "dist": w.dist("/c.zip", zipOf("second"), retagged)})
		w.again()
		offers := w.offers(false)
		if _, err := w.open(offers["1.0.0"]); !unavailable(err) {
			t.Errorf("at the same address: %v", err)
		}
		w.opens("at an address that names the commit", offers["2.0.0"], zipOf("first"))
		if _, err := w.open(offers["3.0.0"]); !unavailable(err) {
			t.Errorf("with another checksum: %v", err)
		}
		for _, version := range []string{"1.0.0", "3.0.0"} {
			w.must(w.catalog.AcceptChange(t.Context(), w.version(version).ID))
			w.opens("accepted", w.offers(false)[version], zipOf("second"))
		}
		if _, err := w.open(offers["1.0.0"]); !unavailable(err) {
			t.Errorf("a lock from before gets other bytes: %v", err)
		}
	})
}

// A stored archive that was lost is fetched again as it was; other bytes are refused, told of once, and served once a
// person accepts them.
func TestOtherBytesForALostArchive(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		dist := w.dist("/a.zip", zipOf("first"), commit)
		delete(dist, "shasum")
		w.publish(fields{"version": "1.0.0", "dist": dist})
		w.mustSync()
		w.opens("first", w.offers(false)["1.0.0"], zipOf("first"))
		old := w.offers(false)["1.0.0"]
		lose := func() {
			files, _ := w.stored()
			for _, file := range files {
				w.must(os.Remove(file))
			}
		}
		lose()
		w.on("/a.zip", body(zipOf("second")))
		for range 2 {
			if _, err := w.open(old); !unavailable(err) {
				t.Errorf("other bytes: %v", err)
			}
		}
		w.again()
		if row := w.version("1.0.0"); w.changes() != 1 || row.Edges.Pin.ChangedAt == nil || row.Edges.Pin.ChangedSha256 == "" {
			t.Errorf("%d changes are told of: %+v", w.changes(), row.Edges.Pin)
		}
		w.must(w.catalog.AcceptChange(t.Context(), w.version("1.0.0").ID))
		now := w.offers(false)["1.0.0"]
		if now.URL == old.URL || now.Shasum != sumOf(zipOf("second")) {
			t.Errorf("accepted: %+v, before %+v", now, old)
		}
		w.opens("accepted", now, zipOf("second"))
		w.on("/a.zip", body(zipOf("first")))
		lose()
		w.opens("the old ones are back", old, zipOf("first"))
	})
}

// What was first seen is remembered of what was gone: a version that comes back as another is not offered until a person
// accepts it, also long after everything else of it was deleted. One that comes back as it was is.
func TestWhatComesBackIsCompared(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		stays := fields{"version": "0.1.0", "dist": w.dist("/s.zip", zipOf("stays"), commit)}
		same := func() fields { return fields{"version": "1.1.0", "dist": w.dist("/b.zip", zipOf("same"), commit)} }
		w.publish(stays, same(), fields{"version": "1.0.0", "dist": w.dist("/a.zip", zipOf("first"), commit)})
		w.mustSync()
		old := w.offers(false)["1.0.0"]
		w.opens("first", old, zipOf("first"))
		for _, sweep := range []bool{false, true} {
			w.publish(stays)
			w.mustSync()
			if sweep {
				if n, err := w.catalog.Sweep(t.Context(), time.Now().Add(time.Hour)); err != nil || n == 0 {
					t.Fatalf("Sweep: %d, %v", n, err)
				}
			}
			w.publish(stays, same(), fields{"version": "1.0.0", "dist": w.dist("/a2.zip", zipOf("second"), retagged)})
			w.again()
			offers := w.offers(false)
			if _, offered := offers["1.0.0"]; offered || len(offers) != 2 {
				t.Errorf("swept %v: offered are %+v", sweep, offers)
			}
			offer, err := w.view.Offer(t.Context(), w.version("1.0.0"))
			if err != nil || offer.Withheld == nil || w.changes() != 1 {
				t.Errorf("swept %v: %+v, %v, %d changes", sweep, offer, err, w.changes())
			}
			if !sweep {
				w.opens("as locks name it", old, zipOf("first"))
			}
		}
		w.must(w.catalog.AcceptChange(t.Context(), w.version("1.0.0").ID))
		w.opens("accepted", w.offers(false)["1.0.0"], zipOf("second"))
		w.mustSync()
		w.opens("after a sync", w.offers(false)["1.0.0"], zipOf("second"))
	})
}

// What was stored before there were pins is pinned as it was stored, not as its source says it now; another address that
// a person gives the source is no change of its versions; branches follow.
func TestWhatWasStoredBeforeIsPinned(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.publish(fields{"version": "1.0.0", "dist": w.dist("/a.zip", zipOf("first"), commit)}, fields{"version": "dev-main", "dist": w.dist("/m.zip", zipOf("main"), commit)})
		w.mustSync()
		w.opens("first", w.offers(false)["1.0.0"], zipOf("first"))
		db.Client.Pin.Delete().ExecX(t.Context()) // as an older version left it
		w.publish(fields{"version": "1.0.0", "dist": w.dist("/b.zip", zipOf("second"), retagged)}, fields{"version": "dev-main", "dist": w.dist("/m2.zip", zipOf("main2"), retagged)})
		w.again()
		w.opens("pinned", w.offers(false)["1.0.0"], zipOf("first"))
		w.opens("a branch", w.offers(true)["dev-main"], zipOf("main2"))
		if row := w.version("1.0.0"); row.Edges.Pin.ChangedAt == nil || row.Edges.Pin.Sha256 == "" || w.version("dev-main").PinID != nil {
			t.Errorf("pinned is %+v", row.Edges.Pin)
		}
		w.must(db.Tx(t.Context(), func(tx *database.Tx) error { return catalog.Readdressed(t.Context(), tx, w.repo.ID) }))
		w.publish(fields{"version": "1.0.0", "dist": w.dist("/moved/a.zip", zipOf("first"), commit)})
		w.mustSync()
		if row := w.version("1.0.0"); row.Edges.Pin.ChangedAt != nil {
			t.Errorf("a new address of the source is a change: %+v", row.Edges.Pin)
		}
	})
}

// hold has the repository hold releases back.
func (w *world) hold(days int, excepts ...string) {
	w.Helper()
	w.must(w.db.Tx(w.Context(), func(tx *database.Tx) error {
		tx.Announce(database.TopicRepository, w.repo.ID)
		tx.Announce(database.TopicPackage, "")
		row, err := tx.Repository.UpdateOne(w.repo).SetCooldownDays(days).SetCooldownExceptions(excepts).SetLastSyncedAt(time.Now()).Save(w.Context())
		w.repo = row
		return err
	}))
}

// A young release is not offered until its cooldown ends, which needs no sync, or until a person lets it through; locks
// that name it get it. What was there before is judged by its own date.
func TestYoungReleasesWait(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		at := func(version string, age time.Duration) fields {
			return fields{"version": version, "dist": w.dist("/"+version+".zip", zipOf(version), commit), "time": time.Now().Add(-age).Format(time.RFC3339)}
		}
		undated := at("1.0.0", 0)
		delete(undated, "time")
		all := []fields{undated, at("1.1.0", 100*24*time.Hour), at("1.2.0", time.Hour)}
		w.publish(all...)
		w.mustSync()
		w.hold(7)
		offered := func(want ...string) *view.Document {
			t.Helper()
			d, err := w.view.Document(t.Context(), "acme/lib", false, free)
			w.must(err)
			offers := w.offers(false)
			for _, version := range want {
				if _, ok := offers[version]; !ok {
					t.Errorf("%s is not offered", version)
				}
			}
			if len(offers) != len(want) {
				t.Errorf("offered are %v, want %v", offers, want)
			}
			return d
		}
		offered("1.0.0", "1.1.0")
		all = append(all, at("1.3.0", 1000*24*time.Hour), at("dev-main", 0)) // a date that its source says is none of ours
		w.publish(all...)
		w.mustSync()
		before := offered("1.0.0", "1.1.0")
		if len(w.offers(true)) != 1 {
			t.Error("a branch is held back")
		}
		row := w.version("1.3.0")
		offer, err := w.view.Offer(t.Context(), row)
		if err != nil || offer.HeldUntil == nil || offer.Withheld == nil || time.Until(*offer.HeldUntil).Round(24*time.Hour) != 7*24*time.Hour {
			t.Errorf("%+v, %v", offer, err)
		}
		held, err := w.view.Held(t.Context(), db.Client)
		w.must(err)
		if n := held.CountX(t.Context()); n != 2 {
			t.Errorf("%d are listed as held back", n)
		}
		dist := row.QueryDist().OnlyX(t.Context())
		locked := offer13(w, dist)
		w.opens("a lock that names it", locked, zipOf("1.3.0"))

		w.hold(7, "acme/*")
		offered("1.0.0", "1.1.0", "1.2.0", "1.3.0")
		w.hold(7, "other/*")
		w.must(w.catalog.ReleaseVersion(t.Context(), row.ID))
		offered("1.0.0", "1.1.0", "1.3.0")
		if offer, err := w.view.Offer(t.Context(), w.version("1.3.0")); err != nil || offer.HeldUntil != nil || offer.Withheld != nil {
			t.Errorf("let through: %+v, %v", offer, err)
		}

		soon := time.Now().Add(3*time.Second).AddDate(0, 0, -7)
		db.Client.Pin.Update().Where(pin.NormalizedVersion("1.2.0.0")).SetSeenAt(soon).ExecX(t.Context())
		w.hold(7)
		waiting := offered("1.0.0", "1.1.0", "1.3.0")
		time.Sleep(time.Until(soon.AddDate(0, 0, 7).Add(50 * time.Millisecond)))
		after := offered("1.0.0", "1.1.0", "1.2.0", "1.3.0")
		if after.LastModified == waiting.LastModified || before.LastModified == after.LastModified {
			t.Error("the validator is that of other content")
		}
	})
}

// offer13 is an archive as a lock names it.
func offer13(w *world, d *ent.Dist) offer {
	return offer{Type: d.Type, URL: fmt.Sprintf("https://broker.example/dist/acme/lib/%s/%s.%s", d.Version, d.Reference, d.Type), Shasum: d.Shasum}
}

// A blocked version is not offered and its archive is refused with the reason, also where it is stored, and also of a
// package that comes later; what is unblocked is there again, and every change has another validator.
func TestBlockedVersionsAreRefused(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		block := func(of, versions string) *ent.Block {
			t.Helper()
			row, err := w.catalog.BlockVersions(t.Context(), catalog.NewBlock{Package: of, Versions: versions, Reason: "steals keys", Link: "https://example.org/1"})
			w.must(err)
			return row
		}
		early := block("Acme/LIB", "1.0.0 || dev-main") // before anybody had heard of it
		w.publish(fields{"version": "1.0.0", "dist": w.dist("/a.zip", zipOf("a"), commit)}, fields{"version": "1.1.0", "dist": w.dist("/b.zip", zipOf("b"), commit)},
			fields{"version": "dev-main", "dist": w.dist("/m.zip", zipOf("m"), commit)}, fields{"version": "dev-x/y", "dist": w.dist("/n.zip", zipOf("n"), commit)})
		w.mustSync()
		if stable, dev := w.offers(false), w.offers(true); len(stable) != 1 || len(dev) != 1 {
			t.Errorf("offered are %v, %v", stable, dev)
		}
		first, err := w.view.Document(t.Context(), "acme/lib", false, free)
		w.must(err)
		w.must(w.catalog.Unblock(t.Context(), early.ID))
		all := w.offers(false)
		w.opens("unblocked", all["1.0.0"], zipOf("a"))
		second, err := w.view.Document(t.Context(), "acme/lib", false, free)
		w.must(err)
		if first.LastModified == second.LastModified || len(all) != 2 {
			t.Errorf("unblocked: %v", all)
		}
		branch := w.offers(true)["dev-x/y"]
		some := block("acme/*", "^1.0")
		if offers := w.offers(false); len(offers) != 0 {
			t.Errorf("blocked by a pattern, offered are %v", offers)
		}
		_, err = w.open(all["1.0.0"])
		if blocked, ok := errors.AsType[*view.Blocked](err); !ok || blocked.Reason != "steals keys" || !strings.Contains(blocked.Error(), "https://example.org/1") {
			t.Errorf("a lock from before: %v", err)
		}
		w.opens("a branch", branch, zipOf("n"))
		everything := block("acme/lib", "")
		if _, err := w.open(branch); err == nil {
			t.Error("a branch whose name no path holds is not blocked")
		}
		if offer, err := w.view.Offer(t.Context(), w.version("1.0.0")); err != nil || offer.Withheld == nil || !strings.Contains(*offer.Withheld, "steals keys") {
			t.Errorf("%+v, %v", offer, err)
		}
		w.must(w.catalog.Unblock(t.Context(), some.ID))
		w.must(w.catalog.Unblock(t.Context(), everything.ID))
		if third, err := w.view.Document(t.Context(), "acme/lib", false, free); err != nil || third.LastModified != second.LastModified {
			t.Errorf("what is as before has another validator: %v", err)
		}
		if err := w.catalog.Unblock(t.Context(), some.ID); err == nil {
			t.Error("there is a block that was removed")
		}
		for _, wrong := range []catalog.NewBlock{{Package: "acme", Reason: "x"}, {Package: "acme/lib", Versions: "foo bar baz", Reason: "x"}, {Package: "acme/lib"},
			{Package: "acme/lib", Reason: "a\nb"}, {Package: "acme/lib", Reason: "x", Link: "javascript:alert(1)"}} {
			if _, err := w.catalog.BlockVersions(t.Context(), wrong); err == nil {
				t.Errorf("%+v is taken", wrong)
			}
		}
	})
}
