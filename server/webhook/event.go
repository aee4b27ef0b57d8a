package webhook

import "net/http"

// kind is what a delivery asks for.
type kind int

const (
	other kind = iota
	ping       // the host tries whether anybody is there
	push       // branches or tags changed
)

// The headers in which hosts name the event. Gitea and Forgejo send GitHub's beside their own.
var eventHeaders = []string{"X-Forgejo-Event", "X-Gitea-Event", "X-GitHub-Event", "X-Gitlab-Event", "X-Event-Key"}

var kinds = map[string]kind{
	"ping": ping, "diagnostics:ping": ping,
	"push": push, "create": push, "delete": push, // GitHub, Gitea, Forgejo: create and delete are of branches and tags
	"Push Hook": push, "Tag Push Hook": push, // GitLab
	"repo:push": push, "repo:refs_changed": push, "mirror:repo_synchronized": push, // Bitbucket Cloud and Data Center
}

// eventOf is the event that a delivery tells of, and what it asks for. A sender that names none tells of a push: a
// script that has just published something.
func eventOf(h http.Header) (name string, asks kind) {
	for _, header := range eventHeaders {
		if name := h.Get(header); name != "" {
			return name, kinds[name]
		}
	}
	return "push", push
}
