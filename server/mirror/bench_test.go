package mirror_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"broker/server/database"
	"broker/server/database/databasetest"
)

// manyVersions is how many versions each package of many has.
const manyVersions = 20

// many has the upstream list n packages, each with stable versions and no ~dev document, as a source of releases does.
// Each document has a Last-Modified and is compared by it.
func (u *upstream) many(n int) []string {
	names, documents := make([]string, n), map[string][]byte{}
	for i := range n {
		names[i] = fmt.Sprintf("vendor%d/package-%d", i%97, i)
		documents["/p2/"+names[i]+".json"] = document(names[i])
	}
	u.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		document, ok := documents[r.URL.Path]
		if !ok {
			u.ServeHTTP(w, r)
			return
		}
		const stamp = "Wed, 25 Nov 2026 10:00:00 GMT"
		w.Header().Set("Last-Modified", stamp)
		if r.Header.Get("If-Modified-Since") == stamp {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Write(document)
	})
	u.on("/packages.json", body(marshal(fields{"packages": []any{}, "metadata-url": "/p2/%package%.json", "available-packages": names})))
	return names
}

func document(name string) []byte {
	var list []string
	for i := range manyVersions {
		list = append(list, fmt.Sprintf(`{"name":%[1]q,"version":"1.%[2]d.0","description":"A library for tests of %[1]s","type":"library","license":["MIT"],
			"keywords":["a","b"],"homepage":"https://example.org/%[1]s","authors":[{"name":"Zoë Müller","email":"zoe@example.org"}],
			"require":{"php":">=8.1","psr/log":"^3.0","ext-json":"*"},"require-dev":{"phpunit/phpunit":"^10.%[2]d"},
			"time":"2026-01-%02[3]dT10:00:00+00:00","autoload":{"psr-4":{"Acme\\":"src/"}},"support":{"issues":"https://example.org/%[1]s/issues"},
			"dist":{"type":"zip","url":"https://example.org/%[1]s/%[2]d.zip","reference":"%040[2]d","shasum":""},
			"source":{"type":"git","url":"https://example.org/%[1]s.git","reference":"%040[2]d"}}`, name, i, i+1))
	}
	return []byte(`{"packages":{"` + name + `":[` + strings.Join(list, ",") + `]}}`)
}

func eachDatabase(b *testing.B, do func(b *testing.B, db *database.DB)) {
	for name, url := range databasetest.URLs() {
		b.Run(name, func(b *testing.B) { do(b, databasetest.Open(b, url(b))) })
	}
}

// How many packages of twenty versions a first sync stores in a second.
func BenchmarkFirstSync(b *testing.B) {
	const n = 2000
	eachDatabase(b, func(b *testing.B, db *database.DB) {
		w := newWorld(b, db)
		w.many(n)
		for b.Loop() {
			b.StopTimer()
			db.Client.Pkg.Delete().ExecX(b.Context())
			b.StartTimer()
			w.mustSync()
		}
		b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "packages/s")
		b.ReportMetric(0, "ns/op")
	})
}

// How many packages a sync sees to be unchanged in a second: one 304, and one 404 for the branches.
func BenchmarkUnchangedSync(b *testing.B) {
	const n = 2000
	eachDatabase(b, func(b *testing.B, db *database.DB) {
		w := newWorld(b, db)
		w.many(n)
		w.mustSync()
		for b.Loop() {
			w.mustSync()
		}
		b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "packages/s")
		b.ReportMetric(0, "ns/op")
	})
}
