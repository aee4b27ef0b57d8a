package connections

import (
	"net/http"
	"time"
)

// stream is an answer over HTTP/2, where a client takes of each answer by itself, whatever it takes of its connection: it
// is written piece by piece, each within its time, as a connection is.
type stream struct {
	http.ResponseWriter
	control *http.ResponseController
	within  time.Duration
}

// Write implements http.ResponseWriter.
func (s *stream) Write(p []byte) (written int, err error) {
	for {
		if err := s.control.SetWriteDeadline(time.Now().Add(s.within)); err != nil {
			return written, err
		}
		n, err := s.ResponseWriter.Write(p[written:min(written+piece, len(p))])
		written += n
		if err != nil || written == len(p) {
			return written, err
		}
	}
}

// Flush implements http.Flusher.
func (s *stream) Flush() { s.control.Flush() }

// Unwrap lets http.ResponseController reach what the server made.
func (s *stream) Unwrap() http.ResponseWriter { return s.ResponseWriter }
