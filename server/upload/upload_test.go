package upload_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/go-chi/chi/v5"

	"broker/ent"
	"broker/ent/auditevent"
	"broker/ent/dist"
	entrepository "broker/ent/repository"
	"broker/ent/user"
	"broker/server/archive"
	"broker/server/audit"
	"broker/server/auth"
	"broker/server/cached"
	"broker/server/catalog"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/jobs"
	"broker/server/mirror"
	"broker/server/pattern"
	"broker/server/repository"
	"broker/server/safehttp"
	"broker/server/seal"
	"broker/server/upload"
	"broker/server/view"
)

type world struct {
	*testing.T
	db       *database.DB
	dir      string
	service  *upload.Service
	sources  *repository.Service
	view     *view.View
	archives *mirror.Archives
	routes   http.Handler
	subject  *auth.Subject
	repo     *ent.Repository
}

func newWorld(t *testing.T, db *database.DB) *world {
	t.Helper()
	w := &world{T: t, db: db, dir: t.TempDir(), subject: &auth.Subject{User: &ent.User{ID: "usr_1", Email: "anna@example.org", Role: user.RoleMAINTAINER}}}
	go db.Changes.Run(t.Context())
	log := slog.New(slog.DiscardHandler)
	public := &url.URL{Scheme: "https", Host: "broker.example"}
	store, err := archive.Open(w.dir)
	w.must(err)
	sealer, err := seal.New(make([]byte, seal.KeySize))
	w.must(err)
	queue, err := jobs.New(db, jobs.DefaultPace, log)
	w.must(err)
	events, memory := databasetest.Log(db), cached.NewMemory(db.Changes)
	packages := catalog.New(db, events, public)
	owners := repository.NewOwners(db, memory)
	w.sources = repository.New(repository.Config{DB: db, Audit: events, Syncs: queue, Client: safehttp.New(safehttp.Policy{}, "test"), Sealer: sealer})
	w.view = view.New(db, memory, owners, nil, public, 64<<20)
	w.archives = mirror.NewArchives(store, packages, w.sources, log)
	w.service = &upload.Service{DB: db, Store: store, Catalog: packages, Owners: owners, Audit: events}
	routes := chi.NewRouter()
	routes.Put("/upload/{repository}", upload.NewHandler(w.service, log).ServeHTTP)
	w.routes = routes
	w.repo = w.add(repository.Input{})
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// add makes a repository of uploads; it is called ours unless something else is said.
func (w *world) add(in repository.Input) *ent.Repository {
	w.Helper()
	if in.Name == nil {
		name := "ours"
		in.Name = &name
	}
	in.Type = entrepository.TypeARTIFACT
	for _, list := range []*[]string{&in.Packages, &in.Owns} {
		if *list == nil {
			*list = []string{}
		}
	}
	row, err := w.sources.Create(w.Context(), in)
	w.must(err)
	return row
}

// packed is a zip of names and contents.
func packed(t testing.TB, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		file, err := z.Create(files[i])
		if err == nil {
			_, err = io.WriteString(file, files[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// lib is an archive of acme/lib; what is in it beside tells archives apart.
func lib(t testing.TB, version, beside string) []byte {
	return packed(t, "lib/composer.json", fmt.Sprintf(`{"name":"acme/lib","version":%q,"require":{"php":">=7"},"scripts":{"x":"y"}}`, version), "lib/a.php", beside)
}

// answer is what an upload was answered.
type answer struct {
	Status                                   int
	Header                                   http.Header
	Package, Version, Reference, SHA256, URL string
	Size                                     int64
	Notice, Warning, Error                   string
}

func (w *world) put(path string, body io.Reader) answer {
	w.Helper()
	r := httptest.NewRequest(http.MethodPut, path, body)
	ctx := audit.WithActor(r.Context(), audit.Actor{ID: w.subject.ID(), Name: w.subject.Name(), Address: netip.MustParseAddr("192.0.2.1")})
	if w.subject != nil {
		ctx = auth.WithSubject(ctx, w.subject)
	}
	recorder := httptest.NewRecorder()
	w.routes.ServeHTTP(recorder, r.WithContext(ctx))
	a := answer{Status: recorder.Code, Header: recorder.Header()}
	if err := json.Unmarshal(recorder.Body.Bytes(), &a); err != nil || recorder.Header().Get("Content-Type") != "application/json" {
		w.Errorf("%s: %v: %s", path, err, recorder.Body)
	}
	return a
}

func (w *world) upload(archive []byte) answer {
	w.Helper()
	return w.put("/upload/ours", bytes.NewReader(archive))
}

// offered is a package's document as clients get it.
func (w *world) offered(name string, dev bool) string {
	w.Helper()
	d, err := w.view.Document(w.Context(), name, dev, func() error { return nil })
	if err != nil {
		return err.Error()
	}
	body, err := catalog.Decompress(d.Body, d.Size)
	w.must(err)
	return string(body)
}

// delivered are the bytes at a dist's address.
func (w *world) delivered(address string) string {
	w.Helper()
	parts := strings.Split(strings.TrimPrefix(address, "https://broker.example/dist/"), "/")
	d, err := w.view.Dist(w.Context(), parts[0]+"/"+parts[1], parts[2], strings.TrimSuffix(parts[3], ".zip"))
	if err != nil {
		return err.Error()
	}
	file, err := w.archives.Open(w.Context(), d, http.MethodGet)
	if err != nil {
		return err.Error()
	}
	defer file.Close()
	content, err := io.ReadAll(file.Body)
	w.must(err)
	return string(content)
}

// kept is how many files are in the store, temporary ones too.
func (w *world) kept() (n int) {
	w.must(filepath.WalkDir(w.dir, func(_ string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			n++
		}
		return err
	}))
	return n
}

// What is uploaded is offered at once beside what was there, and delivered byte for byte at an address of its own; who
// did it is told by the audit log. The same version again is refused, and a branch moves without taking from a lock
// file what it names.
func TestUpload(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		if w.repo.Status != entrepository.StatusREADY || w.repo.URL != nil {
			t.Errorf("a new repository of uploads is %+v", w.repo)
		}
		one, two := lib(t, "1.0.0", "one"), lib(t, "v1.1.0", "two")
		first := w.upload(one)
		if first.Status != 201 || first.Package != "acme/lib" || first.Version != "1.0.0" || first.Size != int64(len(one)) || first.Header.Get("Location") != first.URL ||
			first.URL != "https://broker.example/dist/acme/lib/1.0.0.0/"+first.SHA256[:40]+".zip" || first.Reference != first.SHA256[:40] || first.Notice != "" {
			t.Fatalf("%+v", first)
		}
		second := w.put("/upload/"+w.repo.ID, bytes.NewReader(two)) // by the id
		if second.Status != 201 {
			t.Fatalf("%+v", second)
		}
		document := w.offered("acme/lib", false)
		for _, want := range []string{first.URL, second.URL, `"version":"v1.1.0"`, `"version_normalized":"1.0.0.0"`, `"php":">=7"`, `"shasum":"`, `"time":"`} {
			if !strings.Contains(document, want) {
				t.Errorf("%s is not in %s", want, document)
			}
		}
		if strings.Contains(document, "scripts") {
			t.Errorf("what is the project's own is offered: %s", document)
		}
		if w.delivered(first.URL) != string(one) || w.delivered(second.URL) != string(two) {
			t.Error("other bytes are delivered")
		}
		event := db.Client.AuditEvent.Query().Where(auditevent.Action("version.upload")).Order(ent.Asc(auditevent.FieldNumber)).FirstX(t.Context())
		if event.Actor != "anna@example.org" || !strings.Contains(event.Details, first.SHA256) || !strings.HasPrefix(*event.Target, "ver_") {
			t.Errorf("%+v", event)
		}
		for name, c := range map[string]struct {
			archive []byte
			says    string
		}{
			"the same bytes":    {one, "with the same bytes"},
			"other bytes":       {lib(t, "1.0.0", "other"), "with other bytes"},
			"written otherwise": {lib(t, "v1.0", "other"), "with other bytes"},
		} {
			if a := w.upload(c.archive); a.Status != 409 || a.Error != "CONFLICT" || !strings.Contains(a.Warning, c.says) || !strings.Contains(a.Warning, "by anna@example.org") {
				t.Errorf("%s: %+v", name, a)
			}
		}
		if w.delivered(first.URL) != string(one) || w.offered("acme/lib", false) != document {
			t.Error("a version changed")
		}

		before := w.upload(lib(t, "dev-main", "before"))
		after := w.upload(lib(t, "dev-main", "after"))
		if branch := w.offered("acme/lib", true); before.Status != 201 || after.Status != 201 || !strings.Contains(branch, after.URL) || strings.Contains(branch, before.URL) {
			t.Errorf("%+v, %+v: %s", before, after, branch)
		}
		if w.delivered(before.URL) != string(lib(t, "dev-main", "before")) {
			t.Error("what a lock file names of a branch is not delivered")
		}
		if n := w.kept(); n != 4 {
			t.Errorf("%d files are kept, of four archives that were taken", n)
		}
		p := db.Client.Pkg.Query().OnlyX(t.Context())
		if p.VersionCount != 3 || p.Description != "" || p.Type != "library" {
			t.Errorf("%+v", p)
		}
	})
}

// Many uploads of one package at once: each version is there, and of one version exactly one is taken.
func TestUploadsAtOnce(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		var taken, same sync.Map
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				for _, version := range []string{fmt.Sprintf("1.%d.0", i), "2.0.0"} {
					info := lib(t, version, fmt.Sprint(i))
					got, err := w.service.Take(t.Context(), upload.Upload{Repository: w.repo, Body: bytes.NewReader(info), Size: -1})
					switch {
					case err == nil && version == "2.0.0":
						same.Store(i, got)
					case err == nil:
						taken.Store(version, got.URL)
					case version != "2.0.0":
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		document, n := w.offered("acme/lib", false), 0
		taken.Range(func(_, url any) bool {
			if n++; !strings.Contains(document, url.(string)) {
				t.Errorf("%s is not offered", url)
			}
			return true
		})
		once := 0
		same.Range(func(_, _ any) bool { once++; return true })
		if n != 8 || once != 1 {
			t.Errorf("%d of 8 versions, and one of them %d times", n, once)
		}
		if check, err := databasetest.Log(db).Verify(t.Context()); err != nil || !check.OK {
			t.Errorf("%+v, %v", check, err)
		}
	})
}

// What cannot be a version is refused with what to do, and nothing of it is kept. What is said beside an archive fills
// in what it leaves open.
func TestWhatIsSaid(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		manifest := func(json string) []byte { return packed(t, "composer.json", json) }
		plugin := packed(t, "plugin/plugin.php", "<?php")
		for name, c := range map[string]struct {
			query   string
			archive []byte
			status  int
			says    string
		}{
			"neither says the version":   {"", manifest(`{"name":"acme/lib"}`), 422, "?version=1.2.0"},
			"both, and not the same":     {"?version=1.1", manifest(`{"name":"acme/lib","version":"1.0"}`), 422, `"1.0", and "1.1"`},
			"another name":               {"?name=acme/other", manifest(`{"name":"acme/lib","version":"1.0"}`), 422, `"acme/lib", and "acme/other"`},
			"no composer.json":           {"?version=1.0", plugin, 422, "?name=acme/plugin"},
			"no name":                    {"?version=1.0", manifest(`{}`), 422, "has no name"},
			"no JSON":                    {"", manifest(`{"name":`), 422, "not a JSON object"},
			"a list":                     {"", manifest(`[]`), 422, "not a JSON object"},
			"capitals":                   {"", manifest(`{"name":"Acme/Lib","version":"1.0"}`), 422, "capitals"},
			"no name of a package":       {"", manifest(`{"name":"lib","version":"1.0"}`), 422, "no name of a package"},
			"a path as a name":           {"", manifest(`{"name":"../../etc","version":"1.0"}`), 422, "no name of a package"},
			"a device":                   {"", manifest(`{"name":"acme/con","version":"1.0"}`), 422, "reserved"},
			"no version":                 {"", manifest(`{"name":"acme/lib","version":"latest"}`), 422, "no version that Composer can read"},
			"a path as a version":        {"?version=1.0/../../x", manifest(`{"name":"acme/lib"}`), 422, "no version that Composer can read"},
			"a constraint":               {"", manifest(`{"name":"acme/lib","version":"1.0","require":{"php":"~~7"}}`), 422, "cannot read"},
			"itself":                     {"", manifest(`{"name":"acme/lib","version":"1.0","require":{"acme/lib":"*"}}`), 422, "requires itself"},
			"bin":                        {"", manifest(`{"name":"acme/lib","version":"1.0","bin":["../x"]}`), 422, "leads out"},
			"a type":                     {"", manifest(`{"name":"acme/lib","version":"1.0","type":"a b"}`), 422, "type"},
			"autoload":                   {"", manifest(`{"name":"acme/lib","version":"1.0","autoload":{"psr-4":{"Acme":"src"}}}`), 422, "must end with"},
			"a parameter that is none":   {"?verison=1.0", plugin, 400, "There is no parameter"},
			"a parameter twice":          {"?version=1&version=2", plugin, 400, "once"},
			"an empty one":               {"?version=", plugin, 400, "empty"},
			"a require without versions": {"?require=php", plugin, 400, "php:^8.2"},
			"nothing":                    {"", nil, 422, "empty"},
			"no zip":                     {"", []byte("<html></html>"), 422, "not a zip archive"},
			"a path that leads out":      {"", packed(t, "composer.json", `{"name":"acme/lib","version":"1.0"}`, "../x", ""), 422, "leads out"},
		} {
			a := w.put("/upload/ours"+c.query, bytes.NewReader(c.archive))
			if a.Status != c.status || !strings.Contains(a.Warning, c.says) || a.Error == "" || a.Header.Get("Cache-Control") != "private, no-store" {
				t.Errorf("%s: %+v, want %d, %q", name, a, c.status, c.says)
			}
		}
		if n, rows := w.kept(), db.Client.Pkg.Query().CountX(t.Context())+db.Client.Archive.Query().CountX(t.Context()); n != 0 || rows != 0 {
			t.Errorf("%d files and %d rows are kept of what was refused", n, rows)
		}
		for query, archive := range map[string][]byte{
			"?version=v1.0.0":   manifest(`{"name":"acme/same","version":"1.0"}`),
			"?version=dev-a/b#": manifest(`{"name":"acme/branch"}`),
			"?name=acme/plugin&version=1.2.0&type=wordpress-plugin&description=A+plugin&require=php:^8.1&require=acme/lib:^1": plugin,
		} {
			if a := w.put("/upload/ours"+query, bytes.NewReader(archive)); a.Status != 201 {
				t.Errorf("%s: %+v", query, a)
			} else if w.delivered(a.URL) != string(archive) {
				t.Errorf("%s: other bytes are delivered: %.300s", query, w.delivered(a.URL))
			}
		}
		document := w.offered("acme/plugin", false)
		for _, want := range []string{`"type":"wordpress-plugin"`, `"description":"A plugin"`, `"acme/lib":"^1"`, `"php":"^8.1"`} {
			if !strings.Contains(document, want) {
				t.Errorf("%s is not in %s", want, document)
			}
		}
	})
}

// broken ends before its end.
type broken struct{ io.Reader }

func (b broken) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// An upload that is cut off, too large, or that the disk has no room for leaves nothing behind.
func TestNothingIsHalfStored(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		content := lib(t, "1.0.0", "x")
		if a := w.put("/upload/ours", broken{bytes.NewReader(content[:100])}); a.Status != 400 || !strings.Contains(a.Warning, "broke off") {
			t.Errorf("cut off: %+v", a)
		}
		if a := w.put("/upload/ours", io.LimitReader(zeros{}, archive.MaxBytes+1)); a.Status != 413 || a.Error != "TOO_LARGE" {
			t.Errorf("too large: %+v", a)
		}
		if n := w.kept(); n != 0 {
			t.Errorf("%d files are kept", n)
		}
		w.must(os.RemoveAll(w.dir))
		if a := w.upload(content); a.Status != 503 || db.Client.Pkg.Query().CountX(t.Context()) != 0 {
			t.Errorf("without a store: %+v", a)
		}
	})
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// Whoever may not upload is told why, before anything is read where that is known before; a token stays within its
// patterns.
func TestWhoMayUpload(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		only, err := pattern.Parse([]string{"acme/*"})
		w.must(err)
		token := func(write bool) *auth.Subject {
			return &auth.Subject{Token: &auth.Token{ID: "tok_1", Description: "CI", Write: write, Packages: only}}
		}
		person := func(r user.Role) *auth.Subject {
			return &auth.Subject{User: &ent.User{ID: "usr_2", Email: "bo@example.org", Role: r}}
		}
		other := packed(t, "composer.json", `{"name":"other/lib","version":"1.0.0"}`)
		for name, c := range map[string]struct {
			who     *auth.Subject
			path    string
			archive []byte
			status  int
			code    string
		}{
			"nobody":                 {nil, "/upload/ours", nil, 401, "UNAUTHENTICATED"},
			"read-only":              {token(false), "/upload/ours", other, 403, "PERMISSION_DENIED"},
			"read-only, nowhere":     {token(false), "/upload/nowhere", other, 403, "PERMISSION_DENIED"},
			"a viewer":               {person(user.RoleVIEWER), "/upload/ours", other, 403, "PERMISSION_DENIED"},
			"outside its patterns":   {token(true), "/upload/ours", other, 403, "PACKAGE_NOT_ALLOWED"},
			"outside, and said":      {token(true), "/upload/ours?name=other/lib", nil, 403, "PACKAGE_NOT_ALLOWED"},
			"nowhere":                {token(true), "/upload/nowhere", other, 404, "NOT_FOUND"},
			"a name that is no name": {token(true), "/upload/%00", other, 404, "NOT_FOUND"},
			"within its patterns":    {token(true), "/upload/ours", lib(t, "1.0.0", ""), 201, ""},
			"a maintainer":           {person(user.RoleMAINTAINER), "/upload/ours", other, 201, ""},
		} {
			w.subject = c.who
			if a := w.put(c.path, bytes.NewReader(c.archive)); a.Status != c.status || a.Error != c.code {
				t.Errorf("%s: %+v, want %d %s", name, a, c.status, c.code)
			}
		}
	})
}

// A name that another repository owns, or that is closed, is refused with who owns it; one that another repository has
// and comes first with is taken, and told not to be served.
func TestNamesOfOthers(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		name, late := "theirs", 200
		theirs := w.add(repository.Input{Name: &name, Owns: []string{"acme/*"}, Packages: []string{"acme/*"}})
		if a := w.upload(lib(t, "1.0.0", "")); a.Status != 409 || !strings.Contains(a.Warning, "owned by the repository theirs") {
			t.Errorf("owned: %+v", a)
		}
		if a := w.put("/upload/theirs", bytes.NewReader(packed(t, "composer.json", `{"name":"other/lib","version":"1"}`))); a.Status != 409 || !strings.Contains(a.Warning, "takes only acme/*") {
			t.Errorf("not taken: %+v", a)
		}
		if a := w.put("/upload/theirs", bytes.NewReader(lib(t, "1.0.0", "theirs"))); a.Status != 201 {
			t.Errorf("its own: %+v", a)
		}
		if document := w.offered("acme/none", false); !strings.Contains(document, `"acme/none":[]`) {
			t.Errorf("a name that is owned and was never uploaded: %s", document)
		}
		_, err := w.sources.Update(t.Context(), theirs.ID, repository.Input{Owns: []string{}})
		w.must(err)
		_, err = w.sources.Update(t.Context(), w.repo.ID, repository.Input{Priority: &late})
		w.must(err)
		if a := w.upload(lib(t, "1.0.0", "")); a.Status != 201 || !strings.Contains(a.Notice, `"theirs" has acme/lib too`) {
			t.Errorf("another comes first: %+v", a)
		}
		_, err = w.sources.Update(t.Context(), theirs.ID, repository.Input{Owns: []string{"acme/*"}})
		w.must(err)
		w.must(w.sources.Delete(t.Context(), theirs.ID))
		if a := w.upload(lib(t, "1.1.0", "")); a.Status != 409 || !strings.Contains(a.Warning, "closed") {
			t.Errorf("closed: %+v", a)
		}
	})
}

// A repository of uploads has no source: none is asked for, none is synced, and one that has a source takes no uploads.
func TestNoSource(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		address, mirrored := "https://packages.example.org", entrepository.DistModeMIRROR
		for field, in := range map[string]repository.Input{"url": {URL: &address}, "distMode": {DistMode: &mirrored},
			"credential": {Credential: &repository.Credential{Type: entrepository.CredentialTypeBEARER, Secret: "x"}}} {
			name := "more"
			in.Name, in.Type, in.Packages = &name, entrepository.TypeARTIFACT, []string{}
			if _, err := w.sources.Create(t.Context(), in); err == nil {
				t.Errorf("one with a %s was added", field)
			}
			in.Name = nil
			if _, err := w.sources.Update(t.Context(), w.repo.ID, in); err == nil {
				t.Errorf("it was given a %s", field)
			}
		}
		if _, err := w.sources.Sync(t.Context(), w.repo.ID, repository.Manual); err == nil || !strings.Contains(err.Error(), "no source") {
			t.Errorf("a sync: %v", err)
		}
		w.must(w.sources.Syncs.Due(0, 0)(t.Context()))
		if n := db.Client.SyncRun.Query().CountX(t.Context()); n != 0 {
			t.Errorf("%d syncs", n)
		}
		off, on := false, true
		_, err := w.sources.Update(t.Context(), w.repo.ID, repository.Input{Enabled: &off})
		w.must(err)
		if a := w.upload(lib(t, "1.0.0", "")); a.Status != 409 || !strings.Contains(a.Warning, "paused") {
			t.Errorf("paused: %+v", a)
		}
		row, err := w.sources.Update(t.Context(), w.repo.ID, repository.Input{Enabled: &on})
		if err != nil || row.Status != entrepository.StatusREADY {
			t.Errorf("resumed: %+v, %v", row, err)
		}
		db.Client.Repository.Create().SetName("synced").SetType("COMPOSER").SetURL(address).ExecX(t.Context())
		if a := w.put("/upload/synced", bytes.NewReader(lib(t, "1.0.0", ""))); a.Status != 409 || !strings.Contains(a.Warning, "from a source") {
			t.Errorf("a synced one: %+v", a)
		}
	})
}

// An archive that was lost from the disk is told as such, and put back by the same upload; where the server is reached
// at another address, what was uploaded before is offered there.
func TestMendedAndRehoused(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		content := lib(t, "1.0.0", "")
		taken := w.upload(content)
		w.must(os.Remove(filepath.Join(w.dir, taken.SHA256[:2], taken.SHA256)))
		if got := w.delivered(taken.URL); !strings.Contains(got, "upload the same archive again") {
			t.Errorf("a lost archive: %.300s", got)
		}
		if a := w.upload(content); a.Status != 409 {
			t.Errorf("again: %+v", a)
		}
		if w.delivered(taken.URL) != string(content) {
			t.Error("it was not put back")
		}
		before := db.Client.Dist.Query().Where(dist.HasArchive()).CountX(t.Context())
		moved := catalog.New(db, databasetest.Log(db), &url.URL{Scheme: "https", Host: "other.example", Path: "/composer"})
		w.service.Catalog = moved
		for range 2 { // the second has nothing to do
			w.must(w.service.Rehouse(t.Context()))
		}
		if document := w.offered("acme/lib", false); !strings.Contains(document, "https://other.example/composer/dist/acme/lib/1.0.0.0/"+taken.Reference) || strings.Contains(document, "broker.example") {
			t.Errorf("%s", document)
		}
		if after := db.Client.Dist.Query().Where(dist.HasArchive()).CountX(t.Context()); after != before || after != 1 {
			t.Errorf("%d archives, %d before", after, before)
		}
	})
}
