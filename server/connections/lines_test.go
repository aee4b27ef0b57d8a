package connections_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"broker/server/connections"
)

// setLines sets one line as lines of the connection; where that does not take any, it is set as a header.
func setLines(w http.ResponseWriter, r *http.Request, value string) {
	if !connections.SetLines(r.Context(), []byte("X-Line: "+value+"\r\n")) {
		w.Header().Set("X-Line", value)
	}
}

var alone = connections.Limits{All: 1000, PerAddress: 1000}

// exchange sends requests on one connection and returns what came back for each, whole.
func exchange(t *testing.T, address string, requests ...string) (answers []*http.Response, bodies []string) {
	t.Helper()
	c := hold(t, address)
	c.SetDeadline(time.Now().Add(20 * time.Second))
	read := bufio.NewReader(c)
	for _, request := range requests {
		if _, err := io.WriteString(c, request); err != nil {
			t.Fatal(err)
		}
		method, _, _ := strings.Cut(request, " ")
		answer, err := http.ReadResponse(read, &http.Request{Method: method})
		if err != nil {
			t.Fatalf("%.40q: %v", request, err)
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatalf("%.40q: %v", request, err)
		}
		answers, bodies = append(answers, answer), append(bodies, string(body))
	}
	return answers, bodies
}

// Lines reach the client with the answer that they were set for and with no other, beside the fields that net/http
// writes, whatever the answer is.
func TestLinesGoWithTheirAnswer(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("0123456789abcdef", 20_000)
	address := serve(t, alone, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/small":
			setLines(w, r, "first")
			setLines(w, r, "small") // instead of the one before
			w.Header().Set("X-Field", "field")
			io.WriteString(w, "small")
		case "/large":
			setLines(w, r, "large")
			io.WriteString(w, large)
		case "/empty":
			setLines(w, r, "empty")
			w.WriteHeader(http.StatusNotModified)
		case "/flushed":
			setLines(w, r, "flushed")
			io.WriteString(w, "one ")
			http.NewResponseController(w).Flush()
			setLines(w, r, "late")
			io.WriteString(w, "HTTP/1.1 200 OK\r\n")
		case "/late":
			io.WriteString(w, "late")
			http.NewResponseController(w).Flush()
			setLines(w, r, "late")
		case "/early":
			setLines(w, r, "early")
			w.WriteHeader(http.StatusEarlyHints)
			io.WriteString(w, "early")
		case "/heads":
			setLines(w, r, "heads")
			for i := range 300 {
				w.Header().Set(fmt.Sprintf("X-Many-%d", i), large[:100])
			}
		case "/body":
			setLines(w, r, "body")
			io.Copy(w, r.Body)
		case "/file":
			setLines(w, r, "file")
			w.Header().Set("Content-Length", "320000")
			io.Copy(w, strings.NewReader(large))
		default:
			io.WriteString(w, "none")
		}
	})
	get := func(path string) string { return "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n" }
	for path, want := range map[string]struct{ line, body string }{
		"/small": {"small", "small"}, "/large": {"large", large}, "/empty": {"empty", ""}, "/flushed": {"flushed", "one HTTP/1.1 200 OK\r\n"},
		"/late": {"", "late"}, "/heads": {"heads", ""}, "/file": {"file", large}, "/none": {"", "none"},
	} {
		t.Run(path[1:], func(t *testing.T) {
			t.Parallel()
			answers, bodies := exchange(t, address, get(path), get("/none"), get(path), "HEAD "+path+" HTTP/1.1\r\nHost: x\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n")
			for i, answer := range answers {
				line, body := want.line, want.body
				switch i {
				case 1:
					line, body = "", "none"
				case 3:
					body = ""
				case 4: // refused by net/http itself
					line, body = "", "400 Bad Request"
				}
				var lines []string
				if line != "" {
					lines = []string{line}
				}
				if got := answer.Header.Values("X-Line"); fmt.Sprint(got) != fmt.Sprint(lines) {
					t.Errorf("answer %d: lines %q, want %q", i, got, lines)
				}
				if bodies[i] != body {
					t.Errorf("answer %d: %d bytes, want %d: %.60q", i, len(bodies[i]), len(body), bodies[i])
				}
				if i < 4 && answer.Header.Get("Date") == "" {
					t.Errorf("answer %d: a field is lost: %v", i, answer.Header)
				}
			}
		})
	}
	t.Run("after an interim answer", func(t *testing.T) {
		t.Parallel()
		c := hold(t, address)
		c.SetDeadline(time.Now().Add(20 * time.Second))
		fmt.Fprint(c, "POST /body HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
		read := bufio.NewReader(c)
		interim, err := http.ReadResponse(read, nil)
		if err != nil || interim.StatusCode != http.StatusContinue || len(interim.Header) != 0 {
			t.Fatalf("%+v, %v", interim, err)
		}
		fmt.Fprint(c, "body")
		answer, err := http.ReadResponse(read, nil)
		if err != nil || answer.Header.Get("X-Line") != "body" {
			t.Fatalf("%+v, %v", answer, err)
		}
		early := hold(t, address)
		early.SetDeadline(time.Now().Add(20 * time.Second))
		fmt.Fprint(early, get("/early"))
		read = bufio.NewReader(early)
		if interim, err := http.ReadResponse(read, nil); err != nil || interim.StatusCode != http.StatusEarlyHints || interim.Header.Get("X-Line") != "" {
			t.Fatalf("%+v, %v", interim, err)
		}
		if answer, err := http.ReadResponse(read, nil); err != nil || answer.Header.Get("X-Line") != "early" {
			t.Fatalf("%+v, %v", answer, err)
		}
	})
}

// On secured connections, and where there is no limited listener, lines are not taken and nothing of the answer changes.
func TestLinesAreNotTakenElsewhere(t *testing.T) {
	t.Parallel()
	taken := make(chan bool, 2)
	url, client := serveSecured(t, alone, func(w http.ResponseWriter, r *http.Request) {
		taken <- connections.SetLines(r.Context(), []byte("X-Line: x\r\n"))
		setLines(w, r, "secured")
	})
	for _, proto := range []int{2, 1} {
		c := client()
		if proto == 1 {
			c.Transport.(*http.Transport).Protocols = new(http.Protocols)
			c.Transport.(*http.Transport).Protocols.SetHTTP1(true)
		}
		r, err := c.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if <-taken || r.ProtoMajor != proto || r.Header.Get("X-Line") != "secured" {
			t.Errorf("HTTP/%d: %v %v", proto, r.Proto, r.Header)
		}
	}
	if connections.SetLines(context.Background(), nil) {
		t.Error("taken where there is no connection")
	}
}

// An answer whose client has gone is an error, and tells no more than was sent.
func TestLinesOfAClientThatHasGone(t *testing.T) {
	t.Parallel()
	failed := make(chan error, 1)
	address := serve(t, alone, func(w http.ResponseWriter, r *http.Request) {
		<-r.Context().Done() // net/http has seen that the client has gone
		setLines(w, r, "gone")
		_, err := w.Write(make([]byte, 1<<20))
		for err == nil {
			_, err = w.Write(make([]byte, 1<<20))
		}
		failed <- err
	})
	c := hold(t, address)
	fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	c.(*net.TCPConn).SetLinger(0)
	c.Close()
	select {
	case <-failed:
	case <-time.After(20 * time.Second):
		t.Error("it does not end")
	}
}
