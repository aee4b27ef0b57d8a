package upload_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"broker/ent"
	"broker/ent/user"
	"broker/server/auth"
	"broker/server/database/databasetest"
)

// One caller has a few uploads under way at most, and another one is not kept from its own.
func TestUploadsUnderWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	var senders []*io.PipeWriter
	var all sync.WaitGroup
	for range 4 {
		body, sender := io.Pipe()
		senders = append(senders, sender)
		all.Go(func() { w.put("/upload/ours", body) })
		if _, err := sender.Write([]byte("PK")); err != nil { // it is being read
			t.Fatal(err)
		}
	}
	if a := w.upload(lib(t, "1.0.0", "")); a.Status != 429 || a.Header.Get("Retry-After") == "" {
		t.Errorf("a fifth: %+v", a)
	}
	w.subject = &auth.Subject{User: &ent.User{ID: "usr_2", Email: "bo@example.org", Role: user.RoleOWNER}}
	if a := w.upload(lib(t, "1.0.0", "")); a.Status != 201 {
		t.Errorf("of another: %+v", a)
	}
	for _, sender := range senders {
		sender.CloseWithError(io.ErrUnexpectedEOF)
	}
	all.Wait()
}

// An upload may take longer than the server waits for other bodies, as long as something of it comes.
func TestSlowUploads(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.routes.ServeHTTP(rw, r.WithContext(auth.WithSubject(r.Context(), w.subject)))
	}))
	web.Config.ReadTimeout = 2 * time.Second
	web.Start()
	defer web.Close()
	body, sender := io.Pipe()
	go func() {
		content := lib(t, "1.0.0", "")
		sender.Write(content[:100])
		time.Sleep(3 * time.Second)
		sender.Write(content[100:])
		sender.Close()
	}()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, web.URL+"/upload/ours", body)
	w.must(err)
	response, err := http.DefaultClient.Do(r)
	w.must(err)
	defer response.Body.Close()
	if answer, err := io.ReadAll(response.Body); err != nil || response.StatusCode != http.StatusCreated {
		t.Errorf("%s: %s %v", response.Status, answer, err)
	}
}
