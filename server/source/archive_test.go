package source_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"broker/server/background"
	"broker/server/safehttp"
	"broker/server/source"
)

// A source at a private address may have its archives at another, and is asked where it is only when that matters; what
// is known of an archive comes with its bytes.
func TestPrivateSourcesMayHaveTheirArchivesElsewhere(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 100)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL.Path
		io.WriteString(w, "content")
	})
	home, elsewhere := httptest.NewServer(handler), httptest.NewUnstartedServer(handler)
	elsewhere.Listener.Close()
	var err error
	if elsewhere.Listener, err = new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.3:0"); err != nil {
		t.Fatal(err)
	}
	elsewhere.Start()
	t.Cleanup(home.Close)
	t.Cleanup(elsewhere.Close)
	policy, err := safehttp.ParsePolicy("127.0.0.0/8")
	if err != nil {
		t.Fatal(err)
	}
	src, err := source.NewComposer(safehttp.New(policy, "test"), source.NewBudget(background.New()), home.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{home.URL + "/own.zip": "/own.zip", elsewhere.URL + "/other.zip": "/packages.json /other.zip"} {
		blob, err := src.Archive(t.Context(), source.Dist{URL: address, Shasum: "abc"})
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(blob)
		if blob.Close(); err != nil || string(content) != "content" || blob.Size != 7 || blob.SHA1 != "abc" {
			t.Errorf("%s: %q of %d, %v", address, content, blob.Size, err)
		}
		var paths []string
		for range len(asked) {
			paths = append(paths, <-asked)
		}
		if got := strings.Join(paths, " "); got != want {
			t.Errorf("%s: asked for %s, want %s", address, got, want)
		}
	}
	home.Close() // a source that does not tell where it is leads nowhere
	if _, err := src.Archive(t.Context(), source.Dist{URL: elsewhere.URL + "/x.zip"}); !errors.Is(err, safehttp.ErrBlocked) {
		t.Errorf("it leads inside: %v", err)
	}
}
