package composer_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"broker/ent"
	"broker/ent/token"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/fixture"
	"broker/server/tokens"
	"broker/server/usage"
)

// A part of an archive is answered as RFC 9110 says, from the stored file; whoever goes on where an answer broke off is not
// counted again as a download, and each answer is counted with the bytes that it sent.
func TestRangesOfArchives(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db, fixture.Options{})
		path := w.distPath(w.token(tokens.NewToken{}), "acme/lib", "2.0.0")
		secret := w.token(tokens.NewToken{})
		id := db.Client.Token.Query().Order(ent.Desc(token.FieldID)).FirstIDX(t.Context())
		want := w.upstream.Archive("acme/lib", "2.0.0")
		size := len(want)
		server := httptest.NewServer(w.routes)
		t.Cleanup(server.Close)
		ask := func(method string, headers ...string) (*http.Response, []byte) {
			t.Helper()
			r, err := http.NewRequest(method, server.URL+path, nil)
			w.must(err)
			r.SetBasicAuth("token", secret)
			for i := 0; i < len(headers); i += 2 {
				r.Header.Set(headers[i], headers[i+1])
			}
			response, err := http.DefaultClient.Do(r)
			w.must(err)
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			w.must(err)
			return response, body
		}
		whole, body := ask(http.MethodGet)
		tag := whole.Header.Get("Etag")
		if whole.StatusCode != 200 || !bytes.Equal(body, want) || whole.Header.Get("Accept-Ranges") != "bytes" || len(tag) != 66 {
			t.Fatalf("%s %v, %d bytes", whole.Status, whole.Header, len(body))
		}
		downloads, sent := 1, size
		for _, c := range []struct {
			headers    []string
			status     int
			from, to   int // of what is sent
			downloaded bool
		}{
			{[]string{"Range", "bytes=0-99"}, 206, 0, 100, true},
			{[]string{"Range", "bytes=100-"}, 206, 100, size, false},
			{[]string{"Range", "bytes=-10"}, 206, size - 10, size, false},
			{[]string{"Range", "bytes=10-9999999999"}, 206, 10, size, false},
			{[]string{"Range", "bytes=100-199", "If-Range", tag}, 206, 100, 200, false},
			{[]string{"Range", "bytes=100-199", "If-Range", `"another"`}, 200, 0, size, true},
			{[]string{"Range", "bytes=100-199", "If-Range", time.Now().UTC().Format(http.TimeFormat)}, 200, 0, size, true},
			{[]string{"Range", fmt.Sprintf("bytes=%d-", size)}, 416, 0, 0, false},
			{[]string{"Range", "bytes=9-3"}, 416, 0, 0, false},
			{[]string{"Range", "bytes=garbage"}, 416, 0, 0, false},
			{[]string{"If-None-Match", tag}, 304, 0, 0, false},
			{[]string{"If-None-Match", `"another"`}, 200, 0, size, true},
		} {
			response, body := ask(http.MethodGet, c.headers...)
			header := response.Header
			if response.StatusCode != c.status {
				t.Errorf("%v: %s", c.headers, response.Status)
			}
			if c.status == 206 && header.Get("Content-Range") != fmt.Sprintf("bytes %d-%d/%d", c.from, c.to-1, size) {
				t.Errorf("%v: %s", c.headers, header.Get("Content-Range"))
			}
			if c.status < 300 && !bytes.Equal(body, want[c.from:c.to]) {
				t.Errorf("%v: %d bytes, not those from %d to %d", c.headers, len(body), c.from, c.to)
			}
			if c.status == 416 && (c.headers[1] == fmt.Sprintf("bytes=%d-", size) && header.Get("Content-Range") != fmt.Sprintf("bytes */%d", size) || header.Get("Cache-Control") != "private, no-store" || header.Get("Etag") != "") {
				t.Errorf("%v: %v", c.headers, header)
			}
			if c.status != 416 && header.Get("Cache-Control") != "private, max-age=31536000, immutable" {
				t.Errorf("%v: %v", c.headers, header)
			}
			head, _ := ask(http.MethodHead, c.headers...)
			if head.StatusCode != c.status || head.Header.Get("Content-Range") != header.Get("Content-Range") || head.ContentLength != response.ContentLength && c.status != 304 {
				t.Errorf("HEAD, %v: %s %v", c.headers, head.Status, head.Header)
			}
			sent += len(body)
			if c.downloaded {
				downloads++
			}
		}
		w.installs.Close()
		w.must(w.usage.Flush(t.Context()))
		got, err := usage.Read(t.Context(), db.Client, usage.Day, usage.Filter{TokenID: id}, time.Now())
		w.must(err)
		if int(got.Downloads) != downloads || int(got.Bytes) != sent {
			t.Errorf("%d downloads of %d, %d bytes of %d", got.Downloads, downloads, got.Bytes, sent)
		}
	})
}
