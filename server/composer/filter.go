package composer

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"broker/server/auth"
	"broker/server/metadata"
	"broker/server/pattern"
)

// filterMax is how large a question for entries of filter lists may be, in bytes: some thousands of packages.
const filterMax = 256 << 10

// Filter answers Composer from 2.10 on, before it installs from a lock file or audits: which versions of these packages a
// filter list names. What is not the token's is passed over.
func (h *Handler) Filter() http.HandlerFunc {
	return h.route(func(q *request) error {
		if err := q.AdmitTo(""); err != nil {
			return err
		}
		names, lists, ok := filterQuestion(http.MaxBytesReader(q.W, q.R.Body, filterMax))
		if !ok {
			return &auth.Refusal{Status: http.StatusBadRequest, Code: "BAD_USER_INPUT",
				Message: `The body must be JSON of at most 256 KiB, such as {"packages":["pkg://composer/acme/lib"],"lists":["malware"]}.`}
		}
		found, err := q.h.View.Filter(q.R.Context(), names, lists, q.Token.Packages)
		if err != nil {
			return err
		}
		return q.writeJSON(map[string]any{"filter": found})
	})
}

// filterQuestion reads the names of packages, each once, and of lists; malware alone where it names none. What is no
// package of Composer's is passed over.
func filterQuestion(r io.Reader) (names, lists []string, ok bool) {
	body, err := io.ReadAll(r)
	if err != nil {
		return nil, nil, false
	}
	var asked struct {
		Packages []string `json:"packages"`
		Lists    []string `json:"lists"`
	}
	if json.Unmarshal(body, &asked) != nil {
		return nil, nil, false
	}
	seen := map[string]bool{}
	for _, address := range asked.Packages {
		if name, is := purlName(address); is && !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	if asked.Lists == nil {
		asked.Lists = []string{metadata.Malware}
	}
	return names, asked.Lists, true
}

// purlName is the name of a package by its address, pkg://composer/acme/lib as Composer writes it or pkg:composer/acme/lib,
// with a version or without; or the name alone.
func purlName(address string) (name string, ok bool) {
	name = strings.ToLower(address)
	if rest, is := strings.CutPrefix(name, "pkg:"); is {
		if name, is = strings.CutPrefix(strings.TrimLeft(rest, "/"), "composer/"); !is {
			return "", false
		}
		if end := strings.IndexAny(name, "@?#"); end >= 0 {
			name = name[:end]
		}
	}
	return name, pattern.ValidName(name)
}
