package organization

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"broker/ent/organization"
	"broker/server/safehttp"
	"broker/server/text"
)

// The bounds of what a host is asked for.
const (
	pagesMax  = 200     // 10,000 repositories or more
	pageMax   = 8 << 20 // bytes of one page
	answerMax = 64 << 10
	waitMost  = 24 * time.Hour // however long a host says that its limit lasts
	waitLeast = time.Minute
)

// listed is a repository as its host lists it.
type listed struct {
	id       string
	path     string // at the host, such as acme/lib
	name     string // within the organization, such as lib, or sub/lib
	branch   string
	changed  string // when it last changed, as the host says it
	fork     bool
	archived bool
	empty    bool // or switched off
}

// client asks one organization's host.
type client struct {
	http  *safehttp.Client
	kind  organization.Host
	api   *url.URL // with the path that all requests begin with
	name  string   // of the organization
	token string
	asker string
	now   func() time.Time
}

// limited is a host that wants to be left alone.
type limited struct{ until time.Time }

func (e *limited) Error() string {
	return fmt.Sprintf("the host's limit of requests is used up until %s", e.until.UTC().Format("15:04 UTC"))
}

// errNone is an answer of 404.
var errNone = errors.New("there is none, or the token may not see it")

// get asks for what stands at a path. Its answer's body must be closed.
func (c *client) get(ctx context.Context, path string, query url.Values, tag string, most int64) (*safehttp.Response, error) {
	u := *c.api
	u.RawPath = strings.TrimSuffix(u.EscapedPath(), "/") + path
	var err error
	if u.Path, err = url.PathUnescape(u.RawPath); err != nil {
		return nil, err
	}
	u.RawQuery = query.Encode()
	options := safehttp.Options{MaxBytes: most, Inside: true, Asker: c.asker, Accept: "application/json", IfNoneMatch: tag}
	if c.token != "" {
		options.Credential = &safehttp.Credential{Origin: safehttp.Origin(c.api), Type: safehttp.Bearer, Secret: c.token}
	}
	answer, err := c.http.Get(ctx, u.String(), options)
	return answer, c.explained(err)
}

// explained says what a refusal of the host means.
func (c *client) explained(err error) error {
	refused, ok := errors.AsType[*safehttp.StatusError](err)
	if !ok {
		return err
	}
	switch refused.Status {
	case http.StatusNotFound:
		return errNone
	case http.StatusForbidden, http.StatusTooManyRequests:
		if until, ok := limitOf(refused, c.now()); ok {
			return &limited{until}
		}
	}
	switch {
	case refused.Status == http.StatusUnauthorized && c.token == "":
		return fmt.Errorf("%w; it wants a token", err)
	case refused.Status == http.StatusUnauthorized, refused.Status == http.StatusForbidden:
		return fmt.Errorf("%w; check the token: whether it is still valid, and may read the repositories of %s", err, c.name)
	}
	return err
}

// limitOf is until when a refusal asks to be left alone; ok is false where it refuses for another reason.
func limitOf(refused *safehttp.StatusError, now time.Time) (until time.Time, ok bool) {
	h := refused.Header
	if seconds, err := strconv.ParseInt(h.Get("Retry-After"), 10, 32); err == nil && seconds >= 0 {
		until, ok = now.Add(time.Duration(seconds)*time.Second), true
	}
	for _, prefix := range []string{"X-Ratelimit-", "Ratelimit-"} {
		reset, err := strconv.ParseInt(h.Get(prefix+"Reset"), 10, 64)
		if !ok && err == nil && (h.Get(prefix+"Remaining") == "0" || refused.Status == http.StatusTooManyRequests) {
			until, ok = time.Unix(min(max(reset, 0), 1<<40), 0), true
		}
	}
	if !ok && refused.Status == http.StatusTooManyRequests {
		until, ok = now.Add(waitLeast), true
	}
	if until.Before(now.Add(waitLeast)) {
		until = now.Add(waitLeast)
	}
	if until.After(now.Add(waitMost)) {
		until = now.Add(waitMost)
	}
	return until, ok
}

// list lists the organization's repositories. With the tags of the pages as they were last seen, and where none of them
// has changed, same is true and nothing is listed.
func (c *client) list(ctx context.Context, tags []string) (all []listed, now []string, same bool, err error) {
	for _, at := range c.places() {
		if at.own {
			own, err := c.isOwn(ctx)
			if err != nil {
				return nil, nil, false, err
			}
			if !own {
				continue
			}
		}
		all, now, same, err = c.listAt(ctx, at, tags)
		if !errors.Is(err, errNone) {
			return all, now, same, err
		}
	}
	return nil, nil, false, fmt.Errorf("the host knows no organization, group or user %q, or the token may not see it", c.name)
}

// listAt is list at one place; errNone where nothing is there.
func (c *client) listAt(ctx context.Context, at place, tags []string) (all []listed, now []string, same bool, err error) {
	if len(tags) > 0 {
		if same, err = c.unchanged(ctx, at, tags); err != nil || same {
			return nil, tags, same, err
		}
	}
	all, now, err = c.pages(ctx, at)
	return all, now, false, err
}

// isOwn tells whether the token is that of the user who is looked through.
func (c *client) isOwn(ctx context.Context) (bool, error) {
	answer, err := c.get(ctx, "/user", url.Values{}, "", answerMax)
	if refused, ok := errors.AsType[*safehttp.StatusError](err); ok && refused.Status < http.StatusInternalServerError || errors.Is(err, errNone) {
		return false, nil // the token of an app is no user's
	}
	if err != nil {
		return false, err
	}
	defer answer.Body.Close()
	var user struct {
		Login string `json:"login"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&user); err != nil {
		return false, errors.New("the host's answer does not tell whose the token is")
	}
	return strings.EqualFold(user.Login, c.name), nil
}

// unchanged tells whether every page is what it was. Hosts answer that for free.
func (c *client) unchanged(ctx context.Context, at place, tags []string) (bool, error) {
	for i, tag := range tags {
		answer, err := c.get(ctx, at.path, c.query(at, i+1), tag, pageMax)
		if err != nil {
			return false, err
		}
		answer.Body.Close()
		if answer.Status != http.StatusNotModified {
			return false, nil
		}
	}
	return true, nil
}

// perPage is how many repositories a page has.
func (c *client) perPage() int {
	if c.kind == organization.HostGITEA { // as many as it gives, unless its operator allows more
		return 50
	}
	return 100
}

// place is where repositories are listed.
type place struct {
	path string
	own  bool // those of the user whose token it is, private ones included
}

// places are where the repositories of an organization, or of a user, may be listed. GitHub lists a user's private ones
// to that user alone, at a place of its own; the others list what the token may see.
func (c *client) places() []place {
	name := url.PathEscape(c.name)
	switch {
	case c.kind == organization.HostGITLAB:
		return []place{{path: "/groups/" + name + "/projects"}, {path: "/users/" + name + "/projects"}}
	case c.kind == organization.HostGITHUB && c.token != "":
		return []place{{path: "/orgs/" + name + "/repos"}, {path: "/user/repos", own: true}, {path: "/users/" + name + "/repos"}}
	}
	return []place{{path: "/orgs/" + name + "/repos"}, {path: "/users/" + name + "/repos"}}
}

func (c *client) query(at place, page int) url.Values {
	q := url.Values{"page": {strconv.Itoa(page)}}
	if at.own {
		q.Set("affiliation", "owner")
	}
	switch c.kind {
	case organization.HostGITLAB:
		q.Set("per_page", strconv.Itoa(c.perPage()))
		q.Set("include_subgroups", "true")
		q.Set("with_shared", "false")
		q.Set("order_by", "id")
		q.Set("sort", "asc")
	case organization.HostGITEA:
		q.Set("limit", strconv.Itoa(c.perPage()))
	default:
		q.Set("per_page", strconv.Itoa(c.perPage()))
		q.Set("sort", "created") // pages stay what they were while others come
		q.Set("direction", "asc")
	}
	return q
}

// pages reads all pages of a list. tags are empty where the host gives none for one of them.
func (c *client) pages(ctx context.Context, at place) (all []listed, tags []string, err error) {
	tagged := true
	for page := 1; ; page++ {
		if page > pagesMax {
			return nil, nil, fmt.Errorf("%s has more than %d repositories", c.name, pagesMax*c.perPage())
		}
		answer, err := c.get(ctx, at.path, c.query(at, page), "", pageMax)
		if err != nil {
			return nil, nil, err
		}
		some, n, err := c.read(answer.Body)
		answer.Body.Close()
		if err != nil {
			return nil, nil, fmt.Errorf("read page %d of the repositories of %s: %w", page, c.name, err)
		}
		all = append(all, some...)
		tag := answer.Header.Get("Etag")
		tagged, tags = tagged && tag != "" && len(tag) <= 200, append(tags, tag)
		if !more(answer.Header, n >= c.perPage()) {
			tagged = tagged && n < c.perPage() // else one that comes begins a page of its own
			break
		}
	}
	if !tagged {
		tags = nil
	}
	return all, tags, nil
}

// more tells whether another page follows. Where it is, the host need not say: some are configured with a wrong address
// of their own.
func more(h http.Header, full bool) bool {
	links := h.Values("Link")
	if len(links) == 0 {
		return full
	}
	return strings.Contains(strings.Join(links, ","), `rel="next"`)
}

// entry is a repository as any of the hosts writes it.
type entry struct {
	ID            json.Number `json:"id"`
	FullName      string      `json:"full_name"`           // GitHub, Gitea
	Path          string      `json:"path_with_namespace"` // GitLab
	DefaultBranch string      `json:"default_branch"`
	Fork          bool        `json:"fork"`
	ForkedFrom    *struct{}   `json:"forked_from_project"` // GitLab
	Archived      bool        `json:"archived"`
	Disabled      bool        `json:"disabled"`         // GitHub
	Empty         bool        `json:"empty"`            // Gitea
	EmptyRepo     bool        `json:"empty_repo"`       // GitLab
	PushedAt      string      `json:"pushed_at"`        // GitHub
	UpdatedAt     string      `json:"updated_at"`       // Gitea
	Activity      string      `json:"last_activity_at"` // GitLab
}

var (
	validID   = regexp.MustCompile(`^[0-9]{1,20}$`)
	validPath = regexp.MustCompile(`^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)+$`)
)

// read reads a page of n entries. What cannot be a repository is left out.
func (c *client) read(body io.Reader) (all []listed, n int, err error) {
	var page []entry
	if err := json.NewDecoder(body).Decode(&page); err != nil {
		return nil, 0, errors.New("the host's answer is no list of repositories")
	}
	for _, e := range page {
		one := listed{
			id: e.ID.String(), path: e.FullName + e.Path, branch: e.DefaultBranch, changed: text.Line(e.PushedAt, 40),
			fork: e.Fork || e.ForkedFrom != nil, archived: e.Archived, empty: e.Disabled || e.Empty || e.EmptyRepo,
		}
		switch c.kind {
		case organization.HostGITLAB:
			one.changed = text.Line(e.Activity, 40)
		case organization.HostGITEA:
			one.changed = text.Line(e.UpdatedAt, 40)
		}
		if !validID.MatchString(one.id) || len(one.path) > 500 || !validPath.MatchString(one.path) || strings.Contains("/"+one.path+"/", "/../") || strings.Contains("/"+one.path, "/-") {
			continue
		}
		one.name = one.path[strings.LastIndex(one.path, "/")+1:]
		if prefix := c.name + "/"; len(one.path) > len(prefix) && strings.EqualFold(one.path[:len(prefix)], prefix) {
			one.name = one.path[len(prefix):]
		}
		all = append(all, one)
	}
	return all, len(page), nil
}

// hasPackage tells whether the default branch of a repository has a composer.json at the top.
func (c *client) hasPackage(ctx context.Context, one listed) (bool, error) {
	path, query := "/repos/"+one.path+"/contents/composer.json", url.Values{}
	if c.kind == organization.HostGITLAB {
		path = "/projects/" + one.id + "/repository/files/composer.json"
		query.Set("ref", one.branch)
		if one.branch == "" {
			query.Set("ref", "HEAD")
		}
	}
	answer, err := c.get(ctx, path, query, "", answerMax)
	if errors.Is(err, errNone) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, answer.Body.Close()
}
