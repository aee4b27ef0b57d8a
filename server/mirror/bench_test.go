package mirror_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"broker/ent"
	"broker/ent/repository"
	"broker/server/catalog"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/metadata"
)

// manyVersions is how many versions each package of many has.
const manyVersions = 20

// many has the upstream list n packages, each with stable versions and no ~dev document, as a source of releases does.
// Each document is written by its name, has a Last-Modified and is compared by it.
func (u *upstream) many(n int, write func(name string) []byte) []string {
	names, documents := make([]string, n), map[string][]byte{}
	for i := range n {
		names[i] = fmt.Sprintf("vendor%d/package-%d", i%97, i)
		documents["/p2/"+names[i]+".json"] = write(names[i])
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

// minified is the document of a package as packagist.org writes it: without white space, each version with what differs
// from the one before it.
func minified(name string) []byte {
	var list []fields
	for i := range manyVersions {
		version, commit := fmt.Sprintf("1.%d.%d", (manyVersions-i)/5, (manyVersions-i)%5), sumOf(fmt.Append(nil, name, i))
		require := fields{"php": ">=8.1"}
		for r := range 4 {
			require[fmt.Sprintf("vendor/component-%02d", r)] = fmt.Sprintf("^1.%d || ^2.%d", r, manyVersions-i)
		}
		list = append(list, fields{"version": version, "version_normalized": version + ".0", "require": require, "time": fmt.Sprintf("2026-01-%02dT10:00:00+00:00", manyVersions-i),
			"source": fields{"type": "git", "url": "https://example.org/" + name + ".git", "reference": commit},
			"dist":   fields{"type": "zip", "url": "https://example.org/" + name + "/zipball/" + commit, "reference": commit, "shasum": sumOf([]byte(commit))}})
	}
	maps.Copy(list[0], fields{"name": name, "description": "A library for tests of " + name, "type": "library", "license": []string{"MIT"}, "keywords": []string{"a", "b"},
		"homepage": "https://example.org/" + name, "authors": []fields{{"name": "Ada Example", "email": "ada@example.org"}}, "require-dev": fields{"phpunit/phpunit": "^11.0"},
		"autoload": fields{"psr-4": fields{`Acme\Lib\`: "src/"}}, "support": fields{"issues": "https://example.org/" + name + "/issues"}})
	return marshal(fields{"packages": fields{name: list}, "minified": "composer/2.0"})
}

// What it costs to make of a document what is stored, without reading it from the source and storing it.
func BenchmarkReadAndPrepare(b *testing.B) {
	for form, write := range map[string]func(name string) []byte{"whole": document, "minified": minified} {
		b.Run(form, func(b *testing.B) {
			names, documents := make([]string, 100), make([][]byte, 100)
			for i := range documents {
				names[i] = fmt.Sprintf("vendor%d/package-%d", i%7, i)
				documents[i] = write(names[i])
			}
			reader, c := metadata.NewReader(), catalog.New(nil, nil, &url.URL{Scheme: "https", Host: "broker.example"})
			reader.Upstream = true
			row := &ent.Repository{DistMode: repository.DistModeREWRITE, CredentialType: repository.CredentialTypeNONE}
			b.ReportAllocs()
			b.SetBytes(int64(len(documents[0])))
			for i := 0; b.Loop(); i++ {
				at := i % len(documents)
				versions, skipped, err := reader.Read(names[at], documents[at])
				if err != nil || len(skipped) > 0 || len(versions) != manyVersions {
					b.Fatalf("%d versions, %v, %v", len(versions), skipped, err)
				}
				if err := c.Prepare(&catalog.Update{Repository: row, Name: names[at], Versions: versions}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
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
		w.many(n, document)
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
		w.many(n, document)
		w.mustSync()
		for b.Loop() {
			w.mustSync()
		}
		b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "packages/s")
		b.ReportMetric(0, "ns/op")
	})
}
