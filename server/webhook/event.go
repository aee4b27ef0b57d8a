package webhook

import (
	"bytes"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"broker/server/text"
)

// kind is what a delivery asks for.
type kind int

const (
	other kind = iota
	ping       // the host tries whether anybody is there
	push       // branches or tags changed
	list       // an organization has others
)

// The headers in which hosts name the event. Gitea and Forgejo send GitHub's beside their own.
var eventHeaders = []string{"X-Forgejo-Event", "X-Gitea-Event", "X-GitHub-Event", "X-Gitlab-Event", "X-Event-Key"}

var kinds = map[string]kind{
	"ping": ping, "diagnostics:ping": ping,
	"push": push, "create": push, "delete": push, // GitHub, Gitea, Forgejo: create and delete are of branches and tags
	"repository": list, "Project Hook": list, "Subgroup Hook": list,
	"Push Hook": push, "Tag Push Hook": push, // GitLab
	"repo:push": push, "repo:refs_changed": push, "mirror:repo_synchronized": push, // Bitbucket Cloud and Data Center
}

// eventOf is the event that a delivery tells of, and what it asks for. A sender that names none tells of a push: a
// script that has just published something.
func eventOf(h http.Header) (name string, asks kind) {
	for _, header := range eventHeaders {
		if name := h.Get(header); name != "" {
			return text.Line(name, 50), kinds[name]
		}
	}
	return "push", push
}

// beginning keeps what a delivery begins with, and lets the rest pass.
type beginning struct{ bytes.Buffer }

// beginningMax is how much of a delivery is kept to find out whose push it is: GitHub says it before it lists the
// commits, and the other hosts list few.
const beginningMax = 256 << 10

// Write implements io.Writer.
func (b *beginning) Write(p []byte) (int, error) {
	b.Buffer.Write(p[:min(len(p), max(beginningMax-b.Len(), 0))])
	return len(p), nil
}

// upstreamOf is the id at the host of the repository that a delivery is about; empty where its beginning does not say.
func upstreamOf(contentType string, body []byte) string {
	if media, _, err := mime.ParseMediaType(contentType); err == nil && media == "application/x-www-form-urlencoded" {
		body = formPayload(string(body))
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		return ""
	}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return ""
		}
		var id json.Number
		switch key {
		case "project_id": // GitLab
			err = decoder.Decode(&id)
		case "repository": // GitHub, Gitea; GitLab's has no id
			var repository struct {
				ID json.Number `json:"id"`
			}
			err = decoder.Decode(&repository)
			id = repository.ID
		default:
			var skipped json.RawMessage
			err = decoder.Decode(&skipped)
		}
		if err != nil || id != "" {
			return id.String()
		}
	}
	return ""
}

// formPayload is the field payload of a form, whose end may be cut.
func formPayload(form string) []byte {
	for field := range strings.SplitSeq(form, "&") {
		encoded, ok := strings.CutPrefix(field, "payload=")
		if !ok {
			continue
		}
		if at := strings.LastIndexByte(encoded, '%'); at > len(encoded)-3 && at >= 0 {
			encoded = encoded[:at]
		}
		if payload, err := url.QueryUnescape(encoded); err == nil {
			return []byte(payload)
		}
	}
	return nil
}
