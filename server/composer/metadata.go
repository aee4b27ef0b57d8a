package composer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"

	"broker/server/auth"
	"broker/server/caller"
	"broker/server/catalog"
	"broker/server/pattern"
	"broker/server/usage"
	"broker/server/view"
)

// Metadata answers p2/VENDOR/PACKAGE.json and p2/VENDOR/PACKAGE~dev.json.
func (h *Handler) Metadata() http.HandlerFunc {
	return h.route(func(q *request) error {
		name, dev, ok := metadataName(q.R.URL.Path, q.R.URL.RawPath)
		if !ok {
			return q.missing("No package can have this name.")
		}
		q.Event.Package = name
		if err := q.Authorize(name); err != nil {
			return err
		}
		document, err := q.h.View.Document(q.R.Context(), name, dev, q.Admit)
		if errors.Is(err, catalog.ErrNotFound) {
			return q.missing("No repository of this server has the package " + name + ".")
		}
		if unavailable, ok := errors.AsType[*catalog.Unavailable](err); ok {
			return &auth.Refusal{Status: http.StatusServiceUnavailable, Code: auth.CodeUpstreamUnavailable, RetryAfter: caller.RetryAfter,
				Message: "There may be a package " + name + ", but " + unavailable.Reason + "."}
		}
		if err != nil {
			return err
		}
		document, err = q.h.View.Narrow(q.R.Context(), document, name, dev, q.Token.Rules)
		if err != nil {
			return err
		}
		return q.document(document)
	})
}

// metadataName reads the package of a p2 path. Names come from any require of any package, so that anything may be
// asked for; what no package can be called is simply not here.
func metadataName(path, rawPath string) (name string, dev, ok bool) {
	_, rest, _ := strings.Cut(path, "/p2/")
	name, isJSON := strings.CutSuffix(rest, ".json")
	name, dev = strings.CutSuffix(name, "~dev")
	return name, dev, isJSON && rawPath == "" && pattern.ValidName(name)
}

// document answers 304 for the copy the client has, which is free, or the bytes. The client's value is compared for
// equality only: a view may go back in time.
func (q *request) document(d *view.Document) error {
	header := q.W.Header()
	header.Set("Cache-Control", "private, no-cache")
	header.Set("Vary", "Authorization, Accept-Encoding")
	if d.LastModified != "" {
		header.Set("Last-Modified", d.LastModified)
	}
	if q.has(d) {
		q.Peek()
		q.Event.Kind = usage.NotModified
		q.W.WriteHeader(http.StatusNotModified)
		return nil
	}
	if err := q.Admit(); err != nil {
		return err
	}
	q.Event.Kind, q.Event.Bytes = usage.Metadata, int64(len(d.Body))
	header.Set("Content-Type", "application/json")
	if acceptsGzip(q.R) {
		header.Set("Content-Encoding", "gzip")
		header.Set("Content-Length", strconv.Itoa(len(d.Body)))
		q.W.Write(d.Body)
		return nil
	}
	header.Set("Content-Length", strconv.Itoa(d.Size))
	plain, err := gzip.NewReader(bytes.NewReader(d.Body))
	if err != nil {
		return fmt.Errorf("unpack a document: %w", err)
	}
	io.Copy(q.W, plain)
	return nil
}

// has tells whether the client's copy of a document is still good.
func (q *request) has(d *view.Document) bool {
	return d.LastModified != "" && q.R.Header.Get("If-Modified-Since") == d.LastModified
}

// acceptsGzip reads Accept-Encoding (RFC 9110 section 12.5.3) as far as clients use it: gzip or *, unless its weight
// is 0.
func acceptsGzip(r *http.Request) bool {
	for _, part := range strings.Split(r.Header.Get("Accept-Encoding"), ",") {
		coding, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		if coding == "gzip" || coding == "*" {
			weight = strings.TrimPrefix(strings.ReplaceAll(weight, " ", ""), "q=")
			return strings.Trim(weight, "0.") != "" || weight == ""
		}
	}
	return false
}

// writeJSON answers a small document that is made for the request.
func (q *request) writeJSON(answer any) error {
	body, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	header := q.W.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "private, no-store")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	q.Event.Bytes = int64(len(body))
	q.W.Write(body)
	return nil
}
