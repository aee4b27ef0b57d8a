package main

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// headMax is the longest head of an answer in bytes.
const headMax = 16 << 10

// head is what the load has to know of an answer before it skips the body.
type head struct {
	status int
	size   int   // bytes of the head, with the empty line
	body   int64 // bytes that follow
}

// readHead reads the head of an HTTP/1.1 answer from the bytes that have come. Without an error, ok is false while the
// head is not complete. An answer must tell its length and keep its connection: what the load could not skip, or what
// would make it measure connections, is an error.
func readHead(b []byte) (h head, ok bool, err error) {
	end := bytes.Index(b, []byte("\r\n\r\n"))
	if end < 0 {
		if len(b) >= headMax {
			return head{}, false, fmt.Errorf("an answer's head is longer than %d bytes", headMax)
		}
		return head{}, false, nil
	}
	line, rest, _ := bytes.Cut(b[:end], []byte("\r\n"))
	if h.status, err = readStatus(line); err != nil {
		return head{}, false, err
	}
	h.size, h.body = end+len("\r\n\r\n"), -1
	for len(rest) > 0 {
		line, rest, _ = bytes.Cut(rest, []byte("\r\n"))
		if err := h.field(line); err != nil {
			return head{}, false, err
		}
	}
	if h.status == 204 || h.status == 304 { // they have none, whatever length they tell
		h.body = 0
	}
	if h.body < 0 {
		return head{}, false, errors.New("an answer does not tell its length")
	}
	return h, true, nil
}

// readStatus reads a line such as HTTP/1.1 200 OK.
func readStatus(line []byte) (int, error) {
	after, ok := bytes.CutPrefix(line, []byte("HTTP/1.1 "))
	if !ok || len(after) < 3 || len(after) > 3 && after[3] != ' ' {
		return 0, fmt.Errorf("this is no answer of HTTP/1.1: %.100q", line)
	}
	status, err := strconv.Atoi(string(after[:3]))
	if err != nil || status < 200 { // the load sends nothing that an answer of 1xx belongs to
		return 0, fmt.Errorf("this is no answer of HTTP/1.1: %.100q", line)
	}
	return status, nil
}

// field reads a line of the head as far as it matters here.
func (h *head) field(line []byte) error {
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimSpace(value)
	switch {
	case bytes.EqualFold(name, []byte("Content-Length")):
		n, err := strconv.ParseInt(string(value), 10, 64)
		if err != nil || n < 0 || h.body >= 0 && h.body != n {
			return fmt.Errorf("an answer's length makes no sense: %.100q", line)
		}
		h.body = n
	case bytes.EqualFold(name, []byte("Transfer-Encoding")):
		return errors.New("an answer comes in chunks")
	case bytes.EqualFold(name, []byte("Connection")) && bytes.EqualFold(value, []byte("close")):
		return errors.New("an answer ends its connection")
	}
	return nil
}
