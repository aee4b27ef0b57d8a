package main

import (
	"strings"
	"testing"
)

// TestReadHead guarantees that the load knows where each answer ends, and refuses what it could not skip.
func TestReadHead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text   string
		status int
		body   int64
		err    string
	}{
		{"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n", 200, 12, ""},
		{"HTTP/1.1 200\r\ncontent-length:0\r\n\r\n", 200, 0, ""},
		{"HTTP/1.1 429 Too Many Requests\r\nX-Content-Length: 7\r\nCONTENT-LENGTH:  30 \r\nConnection: keep-alive\r\n\r\n", 429, 30, ""},
		{"HTTP/1.1 304 Not Modified\r\nLast-Modified: Sat, 14 Mar 2026 09:26:53 GMT\r\n\r\n", 304, 0, ""},
		{"HTTP/1.1 304 Not Modified\r\nContent-Length: 4500\r\n\r\n", 304, 0, ""},
		{"HTTP/1.1 204 No Content\r\n\r\n", 204, 0, ""},
		{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", 200, 5, ""},
		{"HTTP/1.1 200 OK\r\n\r\n", 0, 0, "its length"},
		{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 0, 0, "makes no sense"},
		{"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", 0, 0, "makes no sense"},
		{"HTTP/1.1 200 OK\r\nContent-Length: 5 bytes\r\n\r\n", 0, 0, "makes no sense"},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 0, 0, "chunks"},
		{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: Close\r\n\r\n", 0, 0, "ends its connection"},
		{"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", 0, 0, "no answer of HTTP/1.1"},
		{"HTTP/1.1 2000 OK\r\nContent-Length: 5\r\n\r\n", 0, 0, "no answer of HTTP/1.1"},
		{"HTTP/1.1 100 Continue\r\n\r\n", 0, 0, "no answer of HTTP/1.1"},
		{"HTTP/1.1 2x0 OK\r\n\r\n", 0, 0, "no answer of HTTP/1.1"},
		{"\r\n\r\n", 0, 0, "no answer of HTTP/1.1"},
	} {
		h, ok, err := readHead([]byte(c.text + "and what follows\r\n\r\n"))
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%q: %+v, %v", c.text, h, err)
			}
			continue
		}
		if err != nil || !ok || h != (head{c.status, len(c.text), c.body}) {
			t.Errorf("%q: %+v, %v, %v", c.text, h, ok, err)
		}
	}
}

// TestReadHeadInPieces guarantees that a head which comes in pieces is neither taken too early nor refused.
func TestReadHeadInPieces(t *testing.T) {
	t.Parallel()
	const text = "HTTP/1.1 200 OK\r\nDate: Sat, 28 Nov 2026 07:00:00 GMT\r\nContent-Length: 12\r\n\r\n"
	for n := range len(text) {
		if h, ok, err := readHead([]byte(text[:n])); ok || err != nil {
			t.Errorf("after %d bytes: %+v, %v, %v", n, h, ok, err)
		}
	}
	if _, _, err := readHead([]byte("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", headMax))); err == nil {
		t.Error("a head without an end is waited for")
	}
}
