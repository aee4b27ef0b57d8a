package composer_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"broker/ent/dist"
	"broker/server/database/databasetest"
	"broker/server/fixture"
	"broker/server/tokens"
)

// A file by itself is served under its name, whatever that is, and also by its type; an archive that is unpacked has no
// name. Where Composer reads the name (FileDownloader::install), it gets the one that upstream has.
func TestFilesAreServedByName(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t), fixture.Options{})
	secret := w.token(tokens.NewToken{})
	zipped := w.distPath(secret, "acme/lib", "1.0.0")
	reference, _ := strings.CutSuffix(zipped, ".zip")
	named := w.distPath(secret, "acme/contracts", "1.1.0")
	file, _ := strings.CutSuffix(named, ".zip")
	w.db.Client.Dist.Update().Where(dist.Version("1.1.0.0")).SetType("file").ExecX(t.Context())
	want := w.upstream.Archive("acme/contracts", "1.1.0")
	for path, found := range map[string]bool{
		file + "/Chart.bundle.js":              true,
		file + "/a%20b,c;d=%C3%BC.js":          true,
		file + ".file":                         true,
		file + "/":                             false,
		file + "/a/b.js":                       false,
		file + "/a%2Fb.js":                     false,
		file + ".zip":                          false,
		file:                                   false,
		file + ".":                             false,
		file + "/" + strings.Repeat("x", 1000): false,
		zipped:                                 true,
		reference + "/lib.zip":                 false,
	} {
		r := w.get(secret, path)
		if found != (r.Code == http.StatusOK) || !found && r.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, r.Code)
		}
		if found && strings.HasPrefix(path, file) && !bytes.Equal(r.Body.Bytes(), want) {
			t.Errorf("%s: other bytes", path)
		}
	}
}
