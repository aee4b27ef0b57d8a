package composer

import (
	"encoding/json"
	"net/http"
	"strings"
	"unicode/utf8"

	"broker/server/auth"
	"broker/server/caller"
	"broker/server/pattern"
	"broker/server/view"
)

// List answers the names of packages, narrowed by ?filter= (Composer's wildcards) and ?vendor=.
func (h *Handler) List() http.HandlerFunc {
	return h.route(func(q *request) error {
		if err := q.AdmitTo(""); err != nil {
			return err
		}
		names, err := q.h.View.Names(q.R.Context(), q.Token.Packages)
		if err != nil {
			return err
		}
		query := q.R.URL.Query()
		return q.writeJSON(map[string]any{"packageNames": narrow(names, query.Get("vendor"), query.Get("filter"))})
	})
}

func narrow(names []string, vendor, filter string) []string {
	filter = strings.ToLower(filter)
	narrowed := []string{}
	for _, name := range names {
		if vendor != "" && !strings.HasPrefix(name, strings.ToLower(vendor)+"/") {
			continue
		}
		if filter == "" || wildcard(filter, name) {
			narrowed = append(narrowed, name)
		}
	}
	return narrowed
}

// wildcard matches as Composer does (BasePackage::packageNameToRegexp): * is any run of characters. It is linear in
// the name for each *.
func wildcard(filter, name string) bool {
	parts := strings.Split(filter, "*")
	if len(parts) == 1 {
		return filter == name
	}
	first, last := parts[0], parts[len(parts)-1]
	if !strings.HasPrefix(name, first) {
		return false
	}
	name = name[len(first):]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(name, part)
		if i < 0 {
			return false
		}
		name = name[i+len(part):]
	}
	return strings.HasSuffix(name, last)
}

// found is a result of composer search.
type found struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Downloads   int64  `json:"downloads"`
	Abandoned   any    `json:"abandoned,omitempty"` // true, or the replacement's name
}

// Search answers composer search: ?q= and ?type=.
func (h *Handler) Search() http.HandlerFunc {
	return h.route(func(q *request) error {
		if err := q.AdmitTo(""); err != nil {
			return err
		}
		query := q.R.URL.Query()
		words, kind := query.Get("q"), query.Get("type")
		if len(words) > 200 || len(kind) > 100 {
			words, kind = strings.ToValidUTF8(words[:min(len(words), 200)], ""), strings.ToValidUTF8(kind[:min(len(kind), 100)], "")
		}
		if !clean(words) || !clean(kind) { // nothing here is called so
			return q.writeJSON(map[string]any{"results": []found{}, "total": 0})
		}
		matches, total, err := q.h.View.Search(q.R.Context(), words, kind, q.Token.Packages)
		if err != nil {
			return err
		}
		results := make([]found, len(matches))
		for i, m := range matches {
			results[i] = found{m.Name, m.Description, m.Downloads, abandoned(m.Abandoned)}
		}
		return q.writeJSON(map[string]any{"results": results, "total": total})
	})
}

// Providers answers providers/VENDOR/PACKAGE.json, which Composer asks for where nothing here is called so: the packages
// that provide or replace it. A name outside the token's patterns may be asked for: what is told is within them.
func (h *Handler) Providers() http.HandlerFunc {
	return h.route(func(q *request) error {
		_, rest, _ := strings.Cut(q.R.URL.Path, "/providers/")
		name, isJSON := strings.CutSuffix(rest, ".json")
		if !isJSON || q.R.URL.RawPath != "" || !pattern.ValidName(name) {
			return q.missing("No package can have this name.")
		}
		if err := q.AdmitTo(""); err != nil {
			return err
		}
		providers, err := q.h.View.Providers(q.R.Context(), name, q.Token.Packages)
		if err != nil {
			return err
		}
		return q.writeJSON(map[string]any{"providers": providers})
	})
}

func abandoned(replacement *string) any {
	switch {
	case replacement == nil:
		return nil
	case *replacement == "":
		return true
	default:
		return *replacement
	}
}

// downloads is what Composer reports after an installation (notify-batch): normalised versions, archives of the
// client's own cache and metapackages included.
type downloads struct {
	Downloads []struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	} `json:"downloads"`
}

// Downloads takes what a client says it installed; it is counted behind. Names that are not here, or not the token's, are
// passed over, and so is what comes while too much waits to be counted.
func (h *Handler) Downloads() http.HandlerFunc {
	return h.Quietly(func(q *caller.Call) error {
		var report downloads
		if err := json.NewDecoder(http.MaxBytesReader(q.W, q.R.Body, reportMax)).Decode(&report); err != nil {
			return &auth.Refusal{Status: http.StatusBadRequest, Code: "BAD_USER_INPUT",
				Message: `The body must be JSON of at most 256 KiB: {"downloads":[{"name":"acme/lib","version":"1.0.0.0"}]}`}
		}
		one := installed{token: q.Token, event: q.Event, find: q.Find}
		for _, d := range report.Downloads {
			name := strings.ToLower(d.Name)
			if pattern.ValidName(name) && clean(d.Version) {
				one.versions = append(one.versions, view.PackageVersion{Package: name, Version: d.Version})
			}
		}
		if len(one.versions) > 0 {
			h.Installs.add(one)
		}
		return nil
	})
}

// clean tells a text that every database takes and that a version or a word may be.
func clean(s string) bool {
	return len(s) <= 255 && utf8.ValidString(s) && !strings.ContainsRune(s, 0)
}
