package composer

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"broker/server/archive"
	"broker/server/auth"
	"broker/server/catalog"
	"broker/server/pattern"
	"broker/server/usage"
	"broker/server/view"
)

// Dist answers an archive: dist/VENDOR/PACKAGE/VERSION/REFERENCE.TYPE, or REFERENCE/FILE where Composer needs the
// file's name. The first is what Composer makes of our mirror's address too (Composer's Util\ComposerMirror): a version
// with a slash is its MD5 there, as is a reference that is not hexadecimal, and one that a version does not have is empty.
func (h *Handler) Dist() http.HandlerFunc {
	return h.route(func(q *request) error {
		path, ok := parseDistPath(q.R.URL.Path, q.R.URL.RawPath)
		if !ok {
			return q.missing("This is not the address of an archive.")
		}
		q.Event.Package = path.name
		if err := q.Authorize(path.name); err != nil {
			return err
		}
		dist, err := q.h.View.Dist(q.R.Context(), path.name, path.version, path.reference)
		if errors.Is(err, catalog.ErrNotFound) && catalog.MaybeCommit(path.reference) {
			if err := q.Admit(); err != nil { // it costs a look into a git repository
				return err
			}
			dist, err = q.pinned(path)
		}
		if err == nil {
			err = q.h.View.Allows(q.R.Context(), dist, q.Token.Rules)
		}
		if errors.Is(err, catalog.ErrNotFound) || err == nil && !path.fits(dist.Type) {
			return q.missing(fmt.Sprintf("No repository of this server has %s. Run composer update %s.", path, path.name))
		}
		if blocked, ok := errors.AsType[*view.Blocked](err); ok {
			return q.refuse(auth.CodeVersionBlocked, blocked)
		}
		if outside, ok := errors.AsType[*view.Outside](err); ok {
			return q.refuse(auth.CodeVersionNotAllowed, outside)
		}
		if err != nil {
			return err
		}
		if err := q.Admit(); err != nil {
			return err
		}
		return q.archive(dist)
	})
}

// refuse refuses a version that somebody blocked, or that the token may not have, also to locks that name it, with the
// reason. It costs a request, as an answer would.
func (q *request) refuse(code auth.Code, why error) error {
	if err := q.Admit(); err != nil {
		return err
	}
	return &auth.Refusal{Status: http.StatusForbidden, Code: code, Message: why.Error()}
}

// pinned is the archive of a commit that no branch or tag is at, which a project pins. What the token's rules leave out is
// not looked for: the commit would be first seen here now.
func (q *request) pinned(path distPath) (*catalog.Dist, error) {
	branch, err := q.h.View.Branch(q.R.Context(), path.name, path.version)
	if err != nil {
		return nil, err
	}
	unseen := *branch
	unseen.Released = q.h.Now()
	if err := q.h.View.Allows(q.R.Context(), &unseen, q.Token.Rules); err != nil {
		return nil, err
	}
	if err := q.h.Archives.Pin(q.R.Context(), branch, path.reference); err != nil {
		if unavailable, ok := errors.AsType[*catalog.Unavailable](err); ok {
			return nil, archiveRefusal(branch, unavailable)
		}
		return nil, err
	}
	return q.h.View.Dist(q.R.Context(), path.name, path.version, path.reference)
}

// distPath is what an archive's address says. The kind is empty where a file's name stands for it.
type distPath struct{ name, version, reference, kind string }

func (p distPath) String() string {
	if p.reference == "" {
		return p.name + " " + p.version
	}
	return p.name + " " + p.version + " with the reference " + p.reference
}

func (p *distPath) fits(kind string) bool {
	return p.kind == kind || p.kind == "" && catalog.NamedByAddress(kind)
}

func parseDistPath(path, rawPath string) (p distPath, ok bool) {
	_, rest, _ := strings.Cut(path, "/dist/")
	parts := strings.Split(rest, "/")
	if len(parts) < 4 || len(parts) > 5 || strings.Contains(strings.ToLower(rawPath), "%2f") {
		return p, false
	}
	p.name, p.version = parts[0]+"/"+parts[1], parts[2]
	if len(parts) == 5 {
		p.reference, ok = parts[3], parts[4] != ""
	} else {
		p.reference, p.kind, ok = strings.Cut(parts[3], ".")
		ok = ok && p.kind != ""
	}
	ok = ok && (p.reference != "" || p.kind != "") && segment(p.reference)
	if ok = ok && p.version != "" && clean(p.version) && pattern.ValidName(p.name) && len(rest) < 1000; ok {
		p.version = catalog.DistVersion(p.version)
	}
	return p, ok
}

// segment tells what a reference may be in an address of this server.
func segment(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._-", r)
	})
}

func (q *request) archive(dist *catalog.Dist) error {
	content, err := q.h.Archives.Open(q.R.Context(), dist, q.R.Method)
	if err != nil {
		return archiveRefusal(dist, err)
	}
	defer content.Close()
	q.Event.Kind, q.Event.RepositoryID, q.Event.Version = usage.Downloaded, dist.RepositoryID, dist.Version
	header := q.W.Header()
	if content.Address != "" {
		// To an address that signs for itself: the client's token stays here, as clients know. Whether all of it is read
		// there is not known here.
		header.Set("Location", content.Address)
		header.Set("Cache-Control", "private, no-store")
		header.Set("Content-Length", "0")
		q.W.WriteHeader(http.StatusFound)
		q.Event.Bytes = content.Size
		return nil
	}
	header.Set("Content-Type", "application/"+contentType(dist.Type))
	header.Set("Cache-Control", "private, max-age=31536000, immutable")
	header.Set("Vary", "Authorization")
	if file, ok := content.Body.(io.ReadSeeker); ok {
		header.Set("Etag", `"`+content.SHA256+`"`)
		q.send(file)
		return nil
	}
	header.Set("Content-Length", strconv.FormatInt(content.Size, 10))
	if q.R.Method != http.MethodHead {
		// Where less is sent than announced the server closes the connection.
		q.Event.Bytes, _ = io.CopyN(q.W, content.Body, content.Size)
	}
	return nil
}

// send answers a file, or the ranges of it that are asked for (RFC 9110 section 14), from the file itself, so that the
// kernel does the work. What goes on where another answer broke off is no further download.
func (q *request) send(file io.ReadSeeker) {
	sent := &sending{ResponseWriter: q.W}
	http.ServeContent(sent, q.R, "", time.Time{}, file)
	q.Event.Bytes = sent.bytes
	switch {
	case sent.status == http.StatusNotModified:
		q.Event.Kind = usage.NotModified
	case sent.status != http.StatusOK && !strings.HasPrefix(q.W.Header().Get("Content-Range"), "bytes 0-"):
		q.Event.Kind = usage.Other
	}
}

// sending notes what an answer is, and how many bytes of it went out.
type sending struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// WriteHeader implements http.ResponseWriter.
func (s *sending) WriteHeader(status int) {
	if s.status = status; status >= http.StatusBadRequest {
		s.Header().Set("Cache-Control", "private, no-store")
	}
	s.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (s *sending) Write(p []byte) (int, error) {
	n, err := s.ResponseWriter.Write(p)
	s.bytes += int64(n)
	return n, err
}

// ReadFrom implements io.ReaderFrom, for the system to copy files by itself.
func (s *sending) ReadFrom(r io.Reader) (int64, error) {
	n, err := io.Copy(s.ResponseWriter, r)
	s.bytes += n
	return n, err
}

// Unwrap is for http.ResponseController.
func (s *sending) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func contentType(kind string) string {
	if kind == "zip" {
		return "zip"
	}
	return "octet-stream"
}

// storageRetry is when, in seconds, a storage that cannot be used may be asked for again.
const storageRetry = 5

// archiveRefusal says why an archive could not be had. Only the source's own "not found" is one.
func archiveRefusal(dist *catalog.Dist, err error) error {
	if refusal := refusalFor(dist, err); refusal != nil {
		return refusal
	}
	return err
}

// refusalFor is archiveRefusal's answer; nil where the fault is ours.
func refusalFor(dist *catalog.Dist, err error) *auth.Refusal {
	if unavailable, ok := errors.AsType[*catalog.Unavailable](err); ok {
		if unavailable.Gone {
			return notFound(fmt.Sprintf("The source of %s no longer has the archive of %s: %s", dist.Package, dist.Version, unavailable.Reason))
		}
		return &auth.Refusal{
			Status: http.StatusServiceUnavailable,
			Code:   auth.CodeUpstreamUnavailable,
			Message: fmt.Sprintf("The archive of %s %s is not stored here, and its source does not deliver it: %s",
				dist.Package, dist.Version, unavailable.Reason),
		}
	}
	if _, ok := errors.AsType[*archive.Unreachable](err); ok {
		return &auth.Refusal{
			Status: http.StatusServiceUnavailable, Code: auth.CodeStorageUnavailable, RetryAfter: storageRetry,
			Message: fmt.Sprintf("The storage that the archive of %s %s is kept in cannot be used just now. Try again in a while.", dist.Package, dist.Version),
		}
	}
	return nil
}
