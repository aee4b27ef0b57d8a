package organization_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"broker/ent/organization"
)

// upstream is a repository of a fake host.
type upstream struct {
	id                               int
	path                             string
	fork, archived, empty, noPackage bool
	private                          bool // of a user: listed to that user alone
	broken                           bool // whoever looks into it gets a fault
	changed                          string
}

// fake is a git host's API, of the three kinds, over real HTTP: it lists the repositories of the organization acme, or of
// the user anna, in pages, to who has the token.
type fake struct {
	*httptest.Server
	kind organization.Host

	mu      sync.Mutex
	repos   []upstream
	user    bool   // it is the user anna
	self    string // whose the token is; empty: an app's
	token   string
	refuse  func(http.ResponseWriter, *http.Request) bool // answers instead
	lists   int                                           // pages that were listed
	looks   int                                           // repositories that were looked into
	unseen  int                                           // pages that had not changed
	badLink bool                                          // its links lead to an address of its own that nobody reaches
}

const token = "canary-token"

func newFake(t *testing.T, kind organization.Host, repos ...upstream) *fake {
	t.Helper()
	f := &fake{kind: kind, repos: repos, token: token}
	f.Server = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(f.Close)
	return f
}

// with changes what it serves.
func (f *fake) with(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// counted are what was asked since the last time.
func (f *fake) counted() (lists, looks, unseen int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	lists, looks, unseen = f.lists, f.looks, f.unseen
	f.lists, f.looks, f.unseen = 0, 0, 0
	return lists, looks, unseen
}

func (f *fake) serve(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.token != "" && r.Header.Get("Authorization") != "Bearer "+f.token {
		http.Error(w, "{}", http.StatusUnauthorized)
		return
	}
	if f.refuse != nil && f.refuse(w, r) {
		return
	}
	prefix := map[organization.Host]string{organization.HostGITHUB: "/api/v3", organization.HostGITLAB: "/api/v4", organization.HostGITEA: "/api/v1"}[f.kind]
	path, ok := strings.CutPrefix(r.URL.EscapedPath(), prefix)
	lists := map[bool]string{false: "/orgs/acme/repos", true: "/users/anna/repos"}[f.user]
	if f.kind == organization.HostGITLAB {
		lists = map[bool]string{false: "/groups/acme%2Fphp/projects", true: "/users/anna/projects"}[f.user]
	}
	switch {
	case !ok:
		http.NotFound(w, r)
	case path == lists:
		f.list(w, r, func(one upstream) bool { return !one.private })
	case path == "/user" && f.kind == organization.HostGITHUB && f.self != "":
		fmt.Fprintf(w, `{"login":%q}`, f.self)
	case path == "/user" && f.kind == organization.HostGITHUB:
		http.Error(w, `{"message":"Resource not accessible by integration"}`, http.StatusForbidden)
	case path == "/user/repos" && f.kind == organization.HostGITHUB && r.URL.Query().Get("affiliation") == "owner":
		f.list(w, r, func(upstream) bool { return true })
	default:
		f.file(w, r, path)
	}
}

// list answers one page of the repositories that are shown.
func (f *fake) list(w http.ResponseWriter, r *http.Request, shown func(upstream) bool) {
	var repos []upstream
	for _, one := range f.repos {
		if shown(one) {
			repos = append(repos, one)
		}
	}
	q := r.URL.Query()
	size, page := 100, 1
	if n, err := strconv.Atoi(q.Get("per_page") + q.Get("limit")); err == nil {
		size = n
	}
	if n, err := strconv.Atoi(q.Get("page")); err == nil {
		page = n
	}
	begin, end := min((page-1)*size, len(repos)), min(page*size, len(repos))
	answer := []map[string]any{}
	for _, one := range repos[begin:end] {
		answer = append(answer, f.entry(one))
	}
	body, err := json.Marshal(answer)
	if err != nil {
		panic(err)
	}
	tag := fmt.Sprintf("%q", strconv.Itoa(len(body))+"-"+strconv.FormatUint(fnv(body), 16))
	w.Header().Set("Etag", tag)
	if end < len(repos) {
		next := *r.URL
		q.Set("page", strconv.Itoa(page+1))
		next.RawQuery = q.Encode()
		home := f.Server.URL
		if f.badLink {
			home = "http://localhost:3000"
		}
		w.Header().Set("Link", fmt.Sprintf(`<%s%s>; rel="next", <%s/last>; rel="last"`, home, next.String(), home))
	} else if page > 1 {
		w.Header().Set("Link", fmt.Sprintf(`<%s/first>; rel="first"`, f.Server.URL))
	}
	if r.Header.Get("If-None-Match") == tag {
		f.unseen++
		w.WriteHeader(http.StatusNotModified)
		return
	}
	f.lists++
	w.Write(body)
}

func fnv(b []byte) uint64 {
	sum := uint64(14695981039346656037)
	for _, c := range b {
		sum = (sum ^ uint64(c)) * 1099511628211
	}
	return sum
}

// entry is a repository as this kind of host lists it.
func (f *fake) entry(one upstream) map[string]any {
	changed := one.changed
	if changed == "" {
		changed = "2026-01-02T03:04:05Z"
	}
	switch f.kind {
	case organization.HostGITLAB:
		e := map[string]any{"id": one.id, "path_with_namespace": one.path, "default_branch": "main", "archived": one.archived, "last_activity_at": changed, "empty_repo": one.empty,
			"http_url_to_repo": "https://elsewhere.example/" + one.path + ".git"}
		if one.fork {
			e["forked_from_project"] = map[string]any{"id": 1}
		}
		return e
	case organization.HostGITEA:
		return map[string]any{"id": one.id, "full_name": one.path, "default_branch": "main", "archived": one.archived, "fork": one.fork, "empty": one.empty, "updated_at": changed,
			"clone_url": "https://elsewhere.example/" + one.path + ".git"}
	}
	return map[string]any{"id": one.id, "full_name": one.path, "default_branch": "main", "archived": one.archived, "fork": one.fork, "disabled": one.empty, "pushed_at": changed,
		"clone_url": "https://elsewhere.example/" + one.path + ".git"}
}

// file answers whether a repository has a composer.json.
func (f *fake) file(w http.ResponseWriter, r *http.Request, path string) {
	path, err := url.PathUnescape(path)
	if err != nil {
		panic(err)
	}
	for _, one := range f.repos {
		at := "/repos/" + one.path + "/contents/composer.json"
		if f.kind == organization.HostGITLAB {
			at = fmt.Sprintf("/projects/%d/repository/files/composer.json", one.id)
			if r.URL.Query().Get("ref") != "main" {
				continue
			}
		}
		if at != path {
			continue
		}
		f.looks++
		switch {
		case one.broken:
			http.Error(w, "{}", http.StatusConflict)
		case one.noPackage:
			http.Error(w, `{"message":"Not Found"}`, http.StatusNotFound)
		default:
			fmt.Fprint(w, `{"name":"composer.json","content":"e30="}`)
		}
		return
	}
	http.NotFound(w, r)
}
