//go:build !race

// The race detector takes a quarter of a minute for copies of so much memory; make unit runs this without it.

package mirror_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"broker/server/database/databasetest"
)

// A document of a million versions costs its package alone: it is left out with the reason, what is stored is served on,
// and who asks for it where it is followed is told, in bounded time and memory.
func TestLargeDocumentsAreLeftOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	w.publish(fields{"version": "1.0", "dist": w.dist("/a.zip", zipOf("x"), commit)})
	w.mustSync()
	var b bytes.Buffer
	b.WriteString(`{"minified":"composer/2.0","packages":{"acme/lib":[{"name":"acme/lib","version":"0.1","dist":{"type":"zip","url":"https://up.example/a.zip"}}`)
	for i := range 1_000_000 {
		fmt.Fprintf(&b, `,{"version":"1.0.%d"}`, i)
	}
	b.WriteString(`]}}`)
	w.on("/p2/acme/lib.json", body(b.Bytes()))
	skipped, err := w.sync()
	if err != nil || len(skipped) != 1 || !strings.Contains(skipped[0], "more than 20000 versions") {
		t.Errorf("%v, %v", skipped, err)
	}
	if n := len(w.offers(false)); n != 1 {
		t.Errorf("%d versions are offered", n)
	}
	w.unlisted()
	w.on("/p2/acme/many.json", body(bytes.ReplaceAll(b.Bytes(), []byte("acme/lib"), []byte("acme/many"))))
	if _, err := w.view.Document(t.Context(), "acme/many", false, free); !unavailable(err) {
		t.Errorf("a followed one: %v", err)
	}
	if rows := w.db.Client.PackageVersion.Query().CountX(t.Context()); rows != 1 {
		t.Errorf("%d versions are stored", rows)
	}
}
