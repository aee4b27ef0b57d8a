package export_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"broker/ent"
	"broker/ent/user"
	"broker/server/auth"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/export"
	"broker/server/pattern"
	"broker/server/usage"
)

// exports are the usage exports over a database in which two tokens downloaded, one made by the other.
type exports struct {
	*testing.T
	h           *export.Handler
	token, made *ent.Token
}

func newExports(t *testing.T, db *database.DB, events int) *exports {
	t.Helper()
	e := &exports{T: t, h: export.NewHandler(db.Reports, databasetest.Log(db), t.TempDir(), slog.New(slog.DiscardHandler), time.Now)}
	repository := db.Client.Repository.Create().SetName("r").SetType("COMPOSER").SaveX(t.Context())
	db.Client.Pkg.Create().SetName("acme/lib").SetRepositoryID(repository.ID).SaveX(t.Context())
	e.token = db.Client.Token.Create().SetDescription(`=HYPERLINK("https://example.org")`).SetCreatedBy("t").SaveX(t.Context())
	e.made = db.Client.Token.Create().SetDescription("made").SetCreatedBy("t").SetParentID(e.token.ID).SaveX(t.Context())
	r := usage.NewRecorder(db, slog.New(slog.DiscardHandler))
	for i := range events {
		for _, token := range []string{e.token.ID, e.made.ID} {
			r.Record(usage.Event{TokenID: token, SecretID: "sec_" + token, Kind: usage.Downloaded, Package: "acme/lib", Version: "1.0.0.0", Bytes: 7,
				At: time.Now(), Address: netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), Client: "@SUM(1+1)"})
		}
	}
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	return e
}

func (e *exports) get(ctx context.Context, caller *auth.Subject, handler http.Handler, query string) *httptest.ResponseRecorder {
	e.Helper()
	if caller != nil {
		ctx = auth.WithSubject(ctx, caller)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/export/x.csv?"+query, nil).WithContext(ctx))
	return w
}

// rows are the records of a file, without its columns.
func (e *exports) rows(caller *auth.Subject, handler http.Handler, query string) [][]string {
	e.Helper()
	w := e.get(e.Context(), caller, handler, query)
	all, err := csv.NewReader(w.Body).ReadAll()
	if w.Code != http.StatusOK || err != nil || len(all) == 0 {
		e.Fatalf("%s: %d, %v", query, w.Code, err)
	}
	h := w.Header()
	if h.Get("Cache-Control") != "private, no-store" || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment; ") || !strings.HasPrefix(h.Get("Content-Type"), "text/csv") {
		e.Errorf("%s: %v", query, h)
	}
	return all[1:]
}

func viewer() *auth.Subject { return &auth.Subject{User: &ent.User{Role: user.RoleVIEWER}} }

func asToken(t *ent.Token, write bool, patterns ...string) *auth.Subject {
	set, err := pattern.Parse(patterns)
	if err != nil {
		panic(err)
	}
	return &auth.Subject{Token: &auth.Token{ID: t.ID, Write: write, Packages: set}}
}

// Everything is exported, more than a page of the API; a spreadsheet takes none of it for a formula.
func TestDownloadsAreExportedWhole(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		const addresses = 600
		e := newExports(t, db, addresses)
		all := e.rows(viewer(), e.h.Downloads(), "package=acme%2Flib&version=v1.0")
		if len(all) != 2*addresses {
			t.Errorf("%d rows", len(all))
		}
		seen := map[string]bool{}
		for _, row := range all {
			seen[row[0]+" "+row[5]] = true
			for _, cell := range row {
				if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r\n") {
					t.Fatalf("%q is a formula", cell)
				}
			}
			if row[0] == e.token.ID && row[1] != `'=HYPERLINK("https://example.org")` || row[6] != "'@SUM(1+1)" || row[3] != "acme/lib" || row[9] != "7" {
				t.Fatalf("row %q", row)
			}
		}
		if len(seen) != 2*addresses {
			t.Errorf("%d different rows", len(seen))
		}
		day := func(n int) string { return time.Now().UTC().AddDate(0, 0, n).Format(time.DateOnly) }
		if some := e.rows(viewer(), e.h.Downloads(), "address=10.0.0.3&from="+day(-1)); len(some) != 2 {
			t.Errorf("of an address: %q", some)
		}
		if none := e.rows(viewer(), e.h.Downloads(), "package=acme%2Flib&from="+day(2)); len(none) != 0 {
			t.Errorf("of a day to come: %d rows", len(none))
		}
	})
}

// Usage is exported a row a point, and adds up.
func TestUsageIsExported(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		e := newExports(t, db, 5)
		for query, want := range map[string]struct{ points, downloads int }{
			"range=DAY": {24, 10}, "range=MONTH&package=acme%2Flib": {30, 10}, "range=YEAR&token=" + e.made.ID: {365, 5},
		} {
			rows, downloads := e.rows(viewer(), e.h.Usage(), query), 0
			for _, row := range rows {
				n, err := strconv.Atoi(row[4])
				if err != nil {
					t.Fatal(err)
				}
				downloads += n
			}
			if len(rows) != want.points || downloads != want.downloads {
				t.Errorf("%s: %d points, %d downloads, want %v", query, len(rows), downloads, want)
			}
		}
	})
}

// A token exports its own, and what the tokens it made did, as over the API; whoever may not is told why in the form of
// the other routes, without a browser asking for a password.
func TestWhoMayExportUsage(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		e := newExports(t, db, 3)
		own := asToken(e.token, true)
		for query, id := range map[string]string{"package=acme%2Flib": e.token.ID, "token=" + e.token.ID: e.token.ID, "token=" + e.made.ID: e.made.ID} {
			rows := e.rows(own, e.h.Downloads(), query)
			if len(rows) != 3 || rows[0][0] != id || rows[2][0] != id {
				t.Errorf("%s: %q", query, rows)
			}
		}
		e.refused(nil, "package=acme%2Flib", http.StatusUnauthorized, "UNAUTHENTICATED")
		e.refused(asToken(e.made, true), "token="+e.token.ID, http.StatusForbidden, "PERMISSION_DENIED")
		e.refused(asToken(e.token, false), "token="+e.made.ID, http.StatusForbidden, "PERMISSION_DENIED")
		e.refused(asToken(e.token, true, "other/*"), "package=acme%2Flib", http.StatusForbidden, "PACKAGE_NOT_ALLOWED")
	})
}

func (e *exports) refused(caller *auth.Subject, query string, status int, code string) {
	e.Helper()
	for _, handler := range []http.Handler{e.h.Downloads(), e.h.Usage()} {
		w := e.get(e.Context(), caller, handler, query)
		var body struct{ Warning, Error string }
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || w.Code != status || body.Error != code || body.Warning == "" {
			e.Errorf("%s: %d %s", query, w.Code, w.Body)
		}
		if strings.Contains(w.Header().Get("WWW-Authenticate"), "Basic") || w.Header().Get("Content-Disposition") != "" {
			e.Errorf("%s: %v", query, w.Header())
		}
	}
}

// A parameter that is wrong, unknown or given twice is refused by its name, before anything is sent.
func TestExportsRefuseWrongParameters(t *testing.T) {
	t.Parallel()
	e := newExports(t, databasetest.New(t), 1)
	for query, want := range map[string]string{
		"": "where", "version=1.0": "where", "packages=acme%2Flib": "packages", "package=a%2Fb&package=c%2Fd": "package",
		"package=a%2Fb&token=": "token", "package=a%2Fb&version=+": "version", "package=a%2Fb&token=%ff": "token", "package=a%2Fb%00": "package",
		"package=a%2Fb&from=yesterday": "from", "package=a%2Fb&to=2027-13-01": "to", "address=nowhere": "address",
	} {
		e.wrong(e.h.Downloads(), query, want)
	}
	for query, want := range map[string]string{"": "range", "range=DECADE": "range", "range=DAY&token=": "token", "range=DAY&where=x": "where"} {
		e.wrong(e.h.Usage(), query, want)
	}
}

func (e *exports) wrong(handler http.Handler, query, field string) {
	e.Helper()
	w := e.get(e.Context(), viewer(), handler, query)
	var body struct{ Warning, Error, Field string }
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || w.Code != http.StatusBadRequest || body.Error != "BAD_USER_INPUT" || body.Field != field || body.Warning == "" {
		e.Errorf("%s: %d %s", query, w.Code, w.Body)
	}
}

// cutting is a client that goes away after so many writes.
type cutting struct {
	*httptest.ResponseRecorder
	left int
}

func (c *cutting) Write(p []byte) (int, error) {
	if c.left--; c.left < 0 {
		return 0, context.Canceled
	}
	return c.ResponseRecorder.Write(p)
}

// A file that breaks off is cut, so that nobody takes a part for the whole.
func TestBrokenExportIsCut(t *testing.T) {
	t.Parallel()
	e := newExports(t, databasetest.New(t), 600)
	r := httptest.NewRequest(http.MethodGet, "/export/downloads.csv?package=acme%2Flib", nil)
	defer func() {
		if cause := recover(); cause != http.ErrAbortHandler {
			t.Errorf("the handler ended with %v", cause)
		}
	}()
	e.h.Downloads().ServeHTTP(&cutting{httptest.NewRecorder(), 2}, r.WithContext(auth.WithSubject(t.Context(), viewer())))
}
