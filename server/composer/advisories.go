package composer

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"broker/server/auth"
	"broker/server/pattern"
)

// advisoriesMax is how large a question for advisories may be, in bytes: some thousands of packages.
const advisoriesMax = 256 << 10

// asked is what a client wants to know the advisories of.
type asked struct {
	Packages     []string `json:"packages"`
	UpdatedSince int64    `json:"updatedSince"` // Unix seconds
}

// Advisories answers composer audit: the advisories of the packages that are asked for, or with updatedSince alone of
// all. What is not here, or not the token's, is passed over.
func (h *Handler) Advisories() http.HandlerFunc {
	return h.route(func(q *request) error {
		if err := q.AdmitTo(""); err != nil {
			return err
		}
		of, ok := q.asked()
		if !ok {
			return &auth.Refusal{Status: http.StatusBadRequest, Code: "BAD_USER_INPUT",
				Message: "The body must be a form of at most 256 KiB, packages[]=acme/lib, or the same as JSON."}
		}
		var since time.Time
		if of.UpdatedSince > 0 {
			since = time.Unix(of.UpdatedSince, 0)
		}
		names, alone := []string{}, len(of.Packages) == 0 && of.UpdatedSince > 0
		for _, name := range of.Packages {
			if name = strings.ToLower(name); pattern.ValidName(name) {
				names = append(names, name)
			}
		}
		if alone {
			var err error
			if names, err = q.h.View.Advised(q.R.Context()); err != nil {
				return err
			}
		}
		found, err := q.h.View.Advisories(q.R.Context(), names, since, q.Token.Packages)
		if err != nil {
			return err
		}
		if alone { // only what there is
			for name, list := range found {
				if len(list) == 0 {
					delete(found, name)
				}
			}
		}
		return q.writeJSON(map[string]any{"advisories": found})
	})
}

// asked reads the question: PHP's form of a list, packages[0]=…, which Composer sends, or JSON.
func (q *request) asked() (of asked, ok bool) {
	body, err := io.ReadAll(http.MaxBytesReader(q.W, q.R.Body, advisoriesMax))
	if err != nil {
		return of, false
	}
	if kind, _, _ := mime.ParseMediaType(q.R.Header.Get("Content-Type")); kind == "application/json" {
		return of, json.Unmarshal(body, &of) == nil
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return of, false
	}
	for key, values := range form {
		switch list := strings.HasPrefix(key, "packages[") && strings.HasSuffix(key, "]"); {
		case list:
			of.Packages = append(of.Packages, values...)
		case key == "updatedSince" && json.Unmarshal([]byte(values[0]), &of.UpdatedSince) != nil:
			return of, false
		}
	}
	return of, true
}
