package mirror_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"broker/server/catalog"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/mirror"
)

const commit = "0123456789abcdef0123456789abcdef01234567"

// What p2 says of a release is what was first seen of it, stored or not, whatever the source has under the same reference
// later: other bytes and their checksum, another address or another type.
func TestDocumentAndBytesBelongTogether(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		first, second := zipOf("first"), zipOf("second")
		unasked := zipOf("unasked")
		w.publish(fields{"version": "1.0.0", "dist": w.dist("/a.zip", first, commit)}, fields{"version": "2.0.0", "dist": w.dist("/b.zip", unasked, commit)})
		w.mustSync()
		old := w.offers(false)
		w.opens("as published", old["1.0.0"], first)
		for _, path := range []string{"/a.zip", "/elsewhere.zip"} {
			w.publish(fields{"version": "1.0.0", "dist": w.dist(path, second, commit)}, fields{"version": "2.0.0", "dist": w.dist("/c.zip", second, commit)})
			if changed, err := w.changed(); err != nil || changed != 2 {
				t.Errorf("people are told of %d changes, %v", changed, err)
			}
			now := w.offers(false)
			if now["1.0.0"].Shasum != sumOf(first) || now["1.0.0"].URL != old["1.0.0"].URL || now["2.0.0"] != old["2.0.0"] {
				t.Errorf("offered is %+v, and was %+v", now, old)
			}
			w.opens("rebuilt", now["1.0.0"], first)
		}
		w.opens("what nobody had asked for before", w.offers(false)["2.0.0"], unasked)
	})
}

// A fetch that began before a person accepted what the source has instead gives its bytes to those who were offered them,
// and is not taken for what is offered since.
func TestFetchesOfOtherBytesAreApart(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		first, second := zipOf("first"), zipOf("second")
		w.publish(fields{"version": "1.0.0", "dist": w.dist("/a.zip", first, commit)})
		begun, finish := make(chan struct{}), make(chan struct{})
		w.on("/a.zip", func(rw http.ResponseWriter, _ *http.Request) {
			rw.Write(first[:10])
			rw.(http.Flusher).Flush()
			close(begun)
			<-finish
			rw.Write(first[10:])
		})
		w.mustSync()
		old := w.offers(false)["1.0.0"]
		var group sync.WaitGroup
		group.Go(func() { w.opens("offered before", old, first) })
		<-begun
		w.publish(fields{"version": "1.0.0", "dist": w.dist("/b.zip", second, commit)})
		_, err := w.sync()
		if err == nil {
			err = w.catalog.AcceptChange(t.Context(), w.version("1.0.0").ID)
		}
		now := w.offers(false)["1.0.0"]
		close(finish)
		group.Wait()
		w.must(err)
		if now.Shasum != sumOf(second) || now.URL == old.URL {
			t.Fatalf("what was accepted is offered as %+v, and was as %+v", now, old)
		}
		w.opens("offered now", now, second)
		w.opens("again", w.offers(false)["1.0.0"], second)
		w.opens("as locks name it", old, first)
	})
}

// A branch follows its source: another reference, address, checksum or time is another archive at another address, and
// the address from before goes on to give its bytes.
func TestBranchesFollowTheirSource(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		type said struct{ path, reference, shasum, time string }
		type handed struct {
			offer
			content []byte
		}
		var before []handed
		for i, now := range []said{
			{"/trunk.zip?timestamp=1", "", "", ""}, // as wordpress.org has it
			{"/trunk.zip?timestamp=2", "", "", ""},
			{"/trunk.zip?timestamp=2", "", "", "2026-01-01T00:00:00+00:00"},
			{"/trunk.zip?timestamp=2", "", "own", "2026-01-01T00:00:00+00:00"},
			{"/trunk.zip?timestamp=2", commit, "own", "2026-01-01T00:00:00+00:00"},
			{"/trunk.zip?timestamp=2", commit, "own", "2026-01-01T00:00:00+00:00"},
			{"/trunk.zip?timestamp=2", commit, "", "2026-01-02T00:00:00+00:00"},
			{"/other.zip", commit, "", "2026-01-02T00:00:00+00:00"},
			{"/other.zip", "abc", "", "2026-01-02T00:00:00+00:00"},
		} {
			content := zipOf(fmt.Sprint(i))
			path, _, _ := strings.Cut(now.path, "?")
			w.on(path, body(content))
			dist := fields{"type": "zip", "url": w.URL + now.path}
			if now.reference != "" {
				dist["reference"] = now.reference
			}
			if now.shasum != "" {
				dist["shasum"] = sumOf(content)
			}
			version := fields{"version": "dev-trunk", "dist": dist}
			if now.time != "" {
				version["time"] = now.time
			}
			w.publish(version)
			w.mustSync()
			offered := w.offers(true)["dev-trunk"]
			for _, old := range before {
				if old.URL == offered.URL {
					t.Errorf("%d: other bytes are offered at the same address", i)
				}
			}
			w.opens(fmt.Sprint(i), offered, content)
			before = append(before, handed{offered, content})
		}
		for i, old := range before {
			w.opens(fmt.Sprint("later, ", i), old.offer, old.content)
		}
		w.mustSync() // nothing new
		if now := w.offers(true)["dev-trunk"]; now.URL != before[len(before)-1].URL {
			t.Error("an address changed though nothing else did")
		}
	})
}

// Where the source names no checksum, the document tells ours once the archive is stored, and nothing else of it changes.
func TestOurChecksumIsTold(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		var versions []fields
		contents := map[string][]byte{}
		for i := range 5 {
			version := fmt.Sprintf("%d.0.0", i)
			contents[version] = zipOf(version)
			dist := w.dist("/"+version+".zip", contents[version], commit)
			dist["shasum"] = ""
			versions = append(versions, fields{"version": version, "dist": dist, "require": fields{"php": ">=8"}, "description": "<ü> & \u2028"})
		}
		w.publish(versions...)
		w.mustSync()
		before := w.offers(false)
		w.opens("without a checksum", before["2.0.0"], contents["2.0.0"])
		after := w.offers(false)
		for version, offered := range after {
			want := before[version]
			if version == "2.0.0" {
				want.Shasum = sumOf(contents[version])
			}
			if offered != want {
				t.Errorf("%s is offered as %+v, want %+v", version, offered, want)
			}
		}
		w.publish(append(versions, fields{"version": "9.0.0", "dist": w.dist("/9.zip", zipOf("9"), commit)})...)
		w.mustSync()
		w.opens("after a sync", w.offers(false)["2.0.0"], contents["2.0.0"])
		if w.offers(false)["2.0.0"].Shasum == "" {
			t.Error("a sync takes the checksum away again")
		}
	})
}

// What became damaged on the disk is told when it is opened, or by the walk, and is fetched again; bytes that its source
// no longer has are not replaced by others.
func TestDamagedArchivesAreFetchedAgain(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		content := zipOf(strings.Repeat("content", 1000))
		w.publish(fields{"version": "1.0.0", "dist": w.dist("/a.zip", content, commit)})
		w.mustSync()
		offered := w.offers(false)["1.0.0"]
		w.opens("at first", offered, content)
		files, _ := w.stored()
		path := files[0]
		truncate := func() { w.must(os.Truncate(path, 100)) }
		flip := func() {
			b, err := os.ReadFile(path)
			w.must(err)
			b[len(b)/2] ^= 1
			w.must(os.WriteFile(path, b, 0o640))
		}
		folder := func() { w.must(errors.Join(os.Remove(path), os.MkdirAll(path+"/x", 0o750))) }
		remove := func() { w.must(os.Remove(path)) }
		for name, damage := range map[string]func(){"truncated": truncate, "a folder": folder, "removed": remove} {
			damage()
			w.opens(name, offered, content)
		}
		for name, damage := range map[string]func(){"truncated": truncate, "a folder": folder, "a bit flipped": flip} {
			damage()
			found, err := w.archives.Verify(t.Context(), time.Now().Add(time.Hour), 0)
			if want := (mirror.Verified{Damaged: 1, FetchedAgain: 1}); err != nil || found != want {
				t.Errorf("%s: %+v, %v", name, found, err)
			}
			w.opens(name, offered, content)
		}
		if _, quarantine := w.stored(); len(quarantine) != 5 { // all but what was removed
			t.Errorf("in quarantine: %v", quarantine)
		}
		w.count("/a.zip")
		if found, err := w.archives.Verify(t.Context(), time.Now().Add(time.Hour), 0); err != nil || found != (mirror.Verified{Whole: 1}) || w.count("/a.zip") != 0 {
			t.Errorf("whole: %+v, %v", found, err)
		}
		if found, err := w.archives.Verify(t.Context(), time.Now().Add(-time.Hour), 0); err != nil || found != (mirror.Verified{}) {
			t.Errorf("verified just now, and again: %+v, %v", found, err)
		}
		w.on("/a.zip", body(zipOf("others")))
		flip()
		if found, err := w.archives.Verify(t.Context(), time.Now().Add(time.Hour), 0); err != nil || found != (mirror.Verified{Damaged: 1}) {
			t.Errorf("its source has other bytes: %+v, %v", found, err)
		}
		if _, err := w.open(offered); !unavailable(err) {
			t.Errorf("other bytes are served: %v", err)
		}
		w.on("/a.zip", body(content))
		w.opens("its source has them again", offered, content)
	})
}

func unavailable(err error) bool {
	_, ok := errors.AsType[*catalog.Unavailable](err)
	return ok
}

// Files by themselves keep their names at the end of their address; all other archives are called by their type.
func TestFilesKeepTheirNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	n := 0
	for upstreamURL, test := range map[string]struct{ kind, end string }{
		"/dist/Chart.bundle.js":        {"file", "/Chart.bundle.js"},
		"/dist/Chart.js?token=x#y":     {"file", "/Chart.js"},
		"/a%20b,c;d=ü.js":              {"file", "/a%20b,c;d=%C3%BC.js"},
		"/tool.phar.gz":                {"gzip", "/tool.phar.gz"},
		"/lib.zip":                     {"zip", ".zip"},
		"/lib.tar.gz":                  {"tar", ".tar"},
		"/":                            {"file", ".file"},
		"/..":                          {"file", ".file"},
		"/%2e%2e":                      {"file", ".file"},
		"/a%2Fb%5Cc":                   {"file", ".file"},
		"/" + strings.Repeat("x", 300): {"file", ".file"},
	} {
		n++
		version := fmt.Sprintf("1.0.%d", n)
		w.publish(fields{"version": version, "dist": fields{"type": test.kind, "url": w.URL + upstreamURL, "reference": commit}})
		w.mustSync()
		if got := w.offers(false)[version].URL; !strings.HasSuffix(got, commit+test.end) {
			t.Errorf("%s of type %s is at %s", upstreamURL, test.kind, got)
		}
	}
}

// Ten slow archives of a host hold up neither another of it, nor a sync; who waits for one may leave without ending it
// for the others.
func TestSlowArchivesHoldUpNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	slow := make(chan struct{})
	var versions []fields
	for i := range 10 {
		path := fmt.Sprintf("/%d.zip", i)
		versions = append(versions, fields{"version": fmt.Sprintf("1.0.%d", i), "dist": w.dist(path, zipOf(path), commit)})
		whole := zipOf(path)
		w.on(path, func(rw http.ResponseWriter, _ *http.Request) {
			rw.Write(whole[:10])
			rw.(http.Flusher).Flush()
			<-slow
			rw.Write(whole[10:])
		})
	}
	fast := zipOf("fast")
	w.publish(append(versions, fields{"version": "2.0.0", "dist": w.dist("/fast.zip", fast, commit)})...)
	w.mustSync()
	offers := w.offers(false)
	var group sync.WaitGroup
	for i := range 10 {
		group.Go(func() {
			left, leave := context.WithCancel(t.Context())
			leave()
			w.openFor(left, offers[fmt.Sprintf("1.0.%d", i)])
			w.opens("slow", offers[fmt.Sprintf("1.0.%d", i)], zipOf(fmt.Sprintf("/%d.zip", i)))
		})
	}
	for i := range 10 {
		for w.count(fmt.Sprintf("/%d.zip", i)) == 0 {
			time.Sleep(time.Millisecond)
		}
	}
	w.opens("fast", offers["2.0.0"], fast)
	w.mustSync()
	close(slow)
	group.Wait()
}
