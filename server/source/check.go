package source

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"broker/server/pattern"
	"broker/server/safehttp"
)

// ErrPage says that a page for people came where a document was asked for.
var ErrPage = errors.New("a web page came instead of a document")

// Finding is what a look at a source found.
type Finding struct {
	Says                []string   // sentences for people
	CredentialExpiresAt *time.Time // when the credential ends; nil where the host does not tell
}

func (f *Finding) say(format string, args ...any) {
	f.Says = append(f.Says, fmt.Sprintf(format, args...))
}

// sniffed is how much of an answer tells a web page from a document, in bytes.
const sniffed = 512

// Check reads what the repository says of itself and stores nothing. wanted are the patterns of packages that are to be
// taken from it.
func (c *Composer) Check(ctx context.Context, wanted pattern.Set) (Finding, error) {
	var found Finding
	if err := c.greet(ctx, &found); err != nil {
		return found, err
	}
	listing, err := c.Names(ctx)
	if err != nil {
		return found, err
	}
	defer listing.Release()
	found.say("%s", c.protocol(listing))
	if n := matching(listing.Names, wanted); listing.Listed && !wanted.Empty() {
		found.say("%s of them match the patterns.", amount(n))
	}
	if len(listing.Skipped) > 0 {
		found.say("%s of what it lists cannot be taken, such as %s: %s.", amount(len(listing.Skipped)), listing.Skipped[0].Package, strings.TrimSuffix(listing.Skipped[0].Reason, "."))
	}
	return found, nil
}

// greet asks for packages.json once: whether a document comes, from whom, and until when the credential is good.
func (c *Composer) greet(ctx context.Context, found *Finding) error {
	response, err := c.get(ctx, c.root.String(), safehttp.Options{MaxBytes: rootMax, Probe: true})
	if err != nil {
		return err
	}
	defer response.Body.Close()
	begin := make([]byte, sniffed)
	n, err := io.ReadFull(response.Body, begin)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if bytes.HasPrefix(bytes.TrimSpace(bytes.TrimPrefix(begin[:n], []byte("\xef\xbb\xbf"))), []byte("<")) {
		return ErrPage
	}
	if response.Host != c.root.Host {
		found.say("%s redirects to %s; a credential is sent to the first alone.", c.root.Host, response.Host)
	}
	if c.credential != nil {
		found.say("It was read with the credential.")
		found.CredentialExpiresAt = ExpiryOf(response.Header)
	}
	return nil
}

func (c *Composer) protocol(l Listing) string {
	form := "in packages.json itself, or files that it includes"
	switch {
	case c.list.hashes != nil:
		form = "by the protocol of Composer 1"
	case c.list.template != "":
		form = "by the protocol of Composer 2"
	}
	if !l.Listed {
		return "A Composer repository that does not list its packages: each is fetched when it is first asked for."
	}
	return fmt.Sprintf("A Composer repository with %s, %s.", count(len(l.Names), "package"), form)
}

func matching(names []string, wanted pattern.Set) (n int) {
	for _, name := range names {
		if wanted.Match(name) {
			n++
		}
	}
	return n
}

// amount writes a number as people read it; none for 0.
func amount(n int) string {
	if n == 0 {
		return "None"
	}
	digits := fmt.Sprint(n)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

// count is an amount of things: 1 package, 2 packages, no package.
func count(n int, thing string) string {
	switch n {
	case 0:
		return "no " + thing
	case 1:
		return "1 " + thing
	}
	if strings.HasSuffix(thing, "ch") {
		return amount(n) + " " + thing + "es"
	}
	return amount(n) + " " + thing + "s"
}

// ExpiryOf is when the credential of a request ends, as GitHub tells in its answers; nil where it is not told.
func ExpiryOf(header http.Header) *time.Time {
	said := header.Get("Github-Authentication-Token-Expiration")
	for _, form := range []string{"2006-01-02 15:04:05 MST", "2006-01-02 15:04:05 -0700", time.RFC3339} {
		if at, err := time.Parse(form, said); err == nil {
			at = at.UTC()
			return &at
		}
	}
	return nil
}

// Check asks the repository what it has, and looks whether there is a composer.json, without a copy of it. Nothing is
// stored; the key that its host shows is not pinned.
func (g *Git) Check(ctx context.Context) (Finding, error) {
	var found Finding
	refs, err := g.mirror.Look(ctx)
	if err != nil {
		return found, ofGit(err)
	}
	branches, tags := refs.Count()
	found.say("A git repository with %s and %s.", count(branches, "branch"), count(tags, "tag"))
	for _, key := range g.mirror.HostKeys() {
		found.say("The key of its host: %s.", key)
	}
	if branches+tags == 0 {
		return found, fmt.Errorf("%w: it has neither branches nor tags yet", ErrUnusable)
	}
	files, err := g.mirror.Peek(ctx, refs, g.paths)
	where := "its default branch"
	switch {
	case err != nil:
		found.say("Whether %s has a composer.json could not be seen in time.", where)
	case len(files) == 0 && len(g.paths) == 1 && g.paths[0] == manifestName:
		found.say("There is no composer.json at the top of %s: older tags may have one, or packages are in folders, which the paths name.", where)
	case len(files) == 0:
		found.say("There is no composer.json at these paths in %s.", where)
	case len(files) == 1:
		found.say("%s has %s.", strings.ToUpper(where[:1])+where[1:], files[0])
	default:
		found.say("%s has %s at these paths.", strings.ToUpper(where[:1])+where[1:], count(len(files), "composer.json file"))
	}
	return found, nil
}

// Unpinned has the keys that the host shows not be pinned: for a look before anything is stored.
func (g *Git) Unpinned() { g.mirror.Pin = nil }

// expiryMax is how large the answer may be that tells when a credential ends, in bytes.
const expiryMax = 64 << 10

// Expiry asks an address with a credential, and returns when the host says that it ends: in a header, as GitHub, or as
// expires_at, as GitLab; nil where it does not say.
func Expiry(ctx context.Context, client *safehttp.Client, address string, credential *safehttp.Credential) *time.Time {
	response, err := client.Get(ctx, address, safehttp.Options{Credential: credential, MaxBytes: expiryMax, Asker: address, Inside: true, Probe: true})
	if err != nil {
		return nil
	}
	defer response.Body.Close()
	if at := ExpiryOf(response.Header); at != nil {
		return at
	}
	var said struct {
		Expires string `json:"expires_at"`
	}
	if json.NewDecoder(response.Body).Decode(&said) != nil {
		return nil
	}
	at, err := time.Parse(time.DateOnly, said.Expires)
	if err != nil {
		return nil
	}
	return &at
}
