package main

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// A request of which two programs could read a different length gets one answer and no second: nothing that is hidden in
// its body is taken for a request, whichever way a proxy in front reads it.
func TestNothingIsHiddenInABody(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	web := httptest.NewServer(s.handler)
	defer web.Close()
	const hidden = "GET /health HTTP/1.1\r\nHost: broker\r\n\r\n"
	for name, c := range map[string]struct {
		head, body string
		want       int
	}{
		"both lengths":               {"Content-Length: 4\r\nTransfer-Encoding: chunked", "0\r\n\r\n" + hidden, 202},
		"both, the other way around": {"Transfer-Encoding: chunked\r\nContent-Length: 5", "0\r\n\r\n" + hidden, 202},
		"two lengths":                {"Content-Length: 2\r\nContent-Length: 40", "{}" + hidden, 400},
		"a length of two":            {"Content-Length: 2, 40", "{}" + hidden, 400},
		"a length with a sign":       {"Content-Length: +2", "{}" + hidden, 400},
		"two encodings":              {"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "0\r\n\r\n" + hidden, 501},
		"an unknown encoding":        {"Transfer-Encoding: xchunked", "0\r\n\r\n" + hidden, 501},
		"a list of encodings":        {"Transfer-Encoding: gzip, chunked", "0\r\n\r\n" + hidden, 501},
		"a hidden encoding":          {"Transfer-Encoding : chunked", "0\r\n\r\n" + hidden, 400},
		"chunked":                    {"Transfer-Encoding: chunked", "2\r\n{}\r\n0\r\n\r\n" + hidden, 202},
		"chunked and empty":          {"Transfer-Encoding: chunked", "0\r\n\r\n" + hidden, 202},
		"a chunk of a wrong size":    {"Transfer-Encoding: chunked", "zz\r\n{}\r\n0\r\n\r\n" + hidden, 400},
		"a chunk of endless size":    {"Transfer-Encoding: chunked", "fffffffffffffffff\r\n{}\r\n0\r\n\r\n" + hidden, 400},
	} {
		conn, err := net.Dial("tcp", web.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		conn.SetDeadline(time.Now().Add(time.Minute))
		if _, err := io.WriteString(conn, "POST /leaks HTTP/1.1\r\nHost: broker\r\nContent-Type: application/json\r\n"+c.head+"\r\n\r\n"+c.body); err != nil {
			t.Fatal(err)
		}
		answers := bufio.NewReader(conn)
		first, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		said, err := io.ReadAll(first.Body)
		if err != nil || first.StatusCode != c.want {
			t.Errorf("%s: %s %s %v", name, first.Status, said, err)
		}
		if rest, err := io.ReadAll(answers); len(rest) > 0 || err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !strings.Contains(err.Error(), "reset") {
			t.Errorf("%s: a second answer: %q %v", name, rest, err)
		}
		conn.Close()
	}
}
