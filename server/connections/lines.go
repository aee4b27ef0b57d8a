package connections

import (
	"bytes"
	"context"
	"io"
	"net"
	"time"
)

// head is what a connection knows of the answer under way.
type head struct {
	lines  []byte      // to be sent with it, each with its end; the memory is used for answer after answer
	sent   bool        // the answer has begun: what comes now is too late
	pieces [3][]byte   // that are sent at once
	vector net.Buffers // of them
}

// begin is called before each request is answered. What was meant for the last answer, and came too late, is forgotten.
func (h *head) begin() { h.lines, h.sent = h.lines[:0], false }

// SetLines has header lines be sent with the answer to the request of a context, instead of those that were set before:
// each is a name, a colon, a space, a value and CRLF (RFC 9112, section 5). The caller answers for their form, and that
// the answer has no field of these names besides; net/http, which copies, sorts, checks and writes one field after the
// other, does not see them. It is false where the caller has to use the answer's Header: on connections that are secured or
// are none of a limited listener.
func SetLines(ctx context.Context, lines []byte) bool {
	c, ok := ctx.Value(connKey{}).(*conn)
	if !ok || c.secured {
		return false
	}
	if !c.head.sent {
		c.head.lines = append(c.head.lines[:0], lines...)
	}
	return true
}

// statusLine is how the head of an answer begins, and the length that tells its class.
const (
	statusLine  = "HTTP/1."
	statusClass = len(statusLine) + len("1 ")
)

// takesLines tells whether bytes to be sent are the beginning of an answer's head. net/http sends what it has of an answer
// before it goes on to the next, and an interim answer by itself (RFC 9110, section 15.2), so that a head is at the
// beginning of what it writes.
func (h *head) takesLines(p []byte) bool {
	return !h.sent && len(p) > statusClass && string(p[:len(statusLine)]) == statusLine && p[statusClass] != '1'
}

// writeHead sends the beginning of an answer with the lines behind its first one. It tells how much of p was sent.
func (c *conn) writeHead(p []byte) (written int, err error) {
	h := &c.head
	h.sent = true
	first := bytes.IndexByte(p, '\n') + 1
	if len(h.lines) == 0 || first == 0 {
		return c.writePieces(p)
	}
	if err := c.SetWriteDeadline(time.Now().Add(c.listener.limits.stalled())); err != nil {
		return 0, err
	}
	rest := p[first:min(len(p), piece)]
	h.pieces = [...][]byte{p[:first], h.lines, rest}
	h.vector = h.pieces[:]
	sent, err := h.vector.WriteTo(c.Conn)
	h.pieces = [3][]byte{}
	if err == nil && sent < int64(first+len(h.lines)+len(rest)) {
		err = io.ErrShortWrite
	}
	if err != nil { // the connection is of no more use; how much of p was sent is told no larger than it is
		return min(int(sent), first), err
	}
	written = first + len(rest)
	if written == len(p) {
		return written, nil
	}
	more, err := c.writePieces(p[written:])
	return written + more, err
}
