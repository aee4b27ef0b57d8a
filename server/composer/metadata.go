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
	"time"

	"github.com/klauspost/compress/gzip"

	"broker/server/auth"
	"broker/server/caller"
	"broker/server/catalog"
	"broker/server/pattern"
	"broker/server/text"
	"broker/server/usage"
	"broker/server/view"
)

// Root answers packages.json as the token may see it.
func (h *Handler) Root() http.HandlerFunc {
	return h.route(func(q *request) error {
		if err := q.Authorize(""); err != nil {
			return err
		}
		if warnings := q.warnings(); len(warnings) > 0 {
			return q.rootWith(warnings)
		}
		document, err := q.h.View.Root(q.R.Context(), q.Token.Packages)
		if err != nil {
			return err
		}
		return q.document(document)
	})
}

// warnDays is how many days before a token's end Composer starts to say so.
const warnDays = 14

func expiresSoon(t *auth.Token, now time.Time) (days int, soon bool) {
	if t.ExpiresAt.IsZero() {
		return 0, false
	}
	days = int(t.ExpiresAt.Sub(now).Hours() / 24)
	return days, days < warnDays
}

// warnings are what the person at the terminal should know: that the token ends soon, that a source cannot be reached.
func (q *request) warnings() []view.Message {
	now := q.h.Now()
	warnings := q.h.View.Outages(q.R.Context(), q.Token.Packages, now)
	if days, soon := expiresSoon(q.Token, now); soon {
		warnings = append(warnings, view.Message{Message: ending(q.Token, days), Versions: "*"})
	}
	return warnings
}

// rootWith has Composer print warnings on every run: it is never answered by a 304, which Composer would not print them
// for. Its Last-Modified is the ordinary one, which no such answer is kept by.
func (q *request) rootWith(warnings []view.Message) error {
	if err := q.Admit(); err != nil {
		return err
	}
	body, err := q.h.View.RootWith(q.R.Context(), q.Token.Packages, warnings...)
	if err != nil {
		return err
	}
	header := q.W.Header()
	header.Set("Last-Modified", q.h.Now().UTC().Format(http.TimeFormat))
	header.Set("Cache-Control", "private, no-store")
	header.Set("Content-Type", "application/json")
	q.Event.Kind, q.Event.Bytes = usage.Metadata, int64(len(body))
	q.W.Write(body) // an error means that the client has gone
	return nil
}

// ending is a sentence for the person at the terminal.
func ending(t *auth.Token, days int) string {
	when := fmt.Sprintf("in %d days", days)
	switch days {
	case 0:
		when = "within a day"
	case 1:
		when = "in 1 day"
	}
	return text.Composer(fmt.Sprintf(`The access token "%s" expires %s, on %s. Ask for a new one.`,
		t.Description, when, t.ExpiresAt.UTC().Format("2 January 2006 15:04 UTC")))
}

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
	if d.LastModified != "" && q.R.Header.Get("If-Modified-Since") == d.LastModified {
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
