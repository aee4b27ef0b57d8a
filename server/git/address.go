package git

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"broker/server/text"
)

// likeSCP is the short form of an ssh address, such as git@github.com:acme/lib.git.
var likeSCP = regexp.MustCompile(`^([A-Za-z0-9_][A-Za-z0-9_.-]*)@([A-Za-z0-9][A-Za-z0-9.-]*):([^:/\\][^:\\]*)$`)

// ParseURL reads the address of a repository: https, or ssh also in its short form, or plain http for a host that may
// be asked so. A user name belongs to ssh only; a password to none. The address that it returns is what git is given.
func ParseURL(address string, plain func(host string) bool) (*url.URL, error) {
	blocked := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", ErrBlocked, fmt.Sprintf(format, args...))
	}
	if len(address) > addressMax || strings.ContainsFunc(address, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) || r == '\\' }) {
		return nil, blocked("it is longer than %d characters, or has blanks, control characters or \\ in it", addressMax)
	}
	if m := likeSCP.FindStringSubmatch(address); m != nil && !strings.Contains(address, "://") {
		address = "ssh://" + m[1] + "@" + m[2] + "/" + m[3]
	}
	u, err := url.Parse(address)
	if err != nil || u.Opaque != "" || u.Hostname() == "" || u.Scheme == "" {
		return nil, blocked("it is not like https://git.example.org/acme/lib.git or git@git.example.org:acme/lib.git")
	}
	_, secret := u.User.Password()
	switch {
	case u.Scheme != "https" && u.Scheme != "ssh" && (u.Scheme != "http" || plain == nil || !plain(u.Hostname())):
		return nil, blocked("%s is neither https nor ssh", u.Scheme)
	case strings.HasPrefix(u.Host, "-") || strings.Contains(u.Host, "%") || !validHost(u.Hostname()) || text.IsNumericHost(u.Hostname()):
		return nil, blocked("%q is no host", u.Host)
	case secret || u.Scheme != "ssh" && u.User != nil:
		return nil, blocked("it has a user name or password in it; enter them as the credential")
	case u.Scheme == "ssh" && u.User != nil && !validUser.MatchString(u.User.Username()):
		return nil, blocked("%q is no user name of ssh", u.User.Username())
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, blocked("it has a query or a fragment")
	case u.Path == "" || u.Path == "/" || strings.HasPrefix(u.Path, "/-") || strings.Contains("/"+u.Path+"/", "/../"):
		return nil, blocked("it names no repository at its host")
	case strings.ContainsAny(u.Path, "'\"`$;&|<>(){}*?!#") || strings.ContainsFunc(u.Path, unicode.IsControl):
		return nil, blocked("its path has characters that no repository's has")
	}
	u.Host = strings.ToLower(u.Host)
	if len(u.String()) > addressMax { // what is no ASCII is written three times as long
		return nil, blocked("it is longer than %d characters as git is given it", addressMax)
	}
	return u, nil
}

// addressMax is how long an address may be, in bytes.
const addressMax = 2048

var (
	validUser = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$`)
	hostName  = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252})?$`)
)

func validHost(host string) bool { return hostName.MatchString(host) || net.ParseIP(host) != nil }

// port is the port of an address.
func port(u *url.URL) string {
	if given := u.Port(); given != "" {
		return given
	}
	return map[string]string{"http": "80", "https": "443", "ssh": "22"}[u.Scheme]
}

// Origin is what a credential belongs to: scheme, host and port.
func Origin(u *url.URL) string { return u.Scheme + "://" + net.JoinHostPort(u.Hostname(), port(u)) }

var objectName = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

// ValidRef tells whether a branch's or tag's name, such as refs/heads/main, is one that is taken.
func ValidRef(name string) bool {
	short, ok := ShortRef(name)
	return ok && len(short) <= refMax && !strings.HasPrefix(short, "-") && !strings.ContainsFunc(short, func(r rune) bool {
		return unicode.IsControl(r) || r == ' ' || r == unicode.ReplacementChar || strings.ContainsRune(`\~^:?*[`, r)
	}) && !strings.Contains(short, "..") && !strings.Contains(short, "@{") && !strings.HasSuffix(short, ".lock") && !strings.HasSuffix(short, "/")
}

// refMax is how long a branch's or tag's name may be, in bytes: a version is stored in 255.
const refMax = 200

// ShortRef is the name of a branch or a tag without what tells which it is.
func ShortRef(name string) (short string, ok bool) {
	for _, prefix := range []string{Branches, Tags} {
		if short, ok := strings.CutPrefix(name, prefix); ok && short != "" {
			return short, true
		}
	}
	return "", false
}

// What the names of references begin with.
const (
	Branches = "refs/heads/"
	Tags     = "refs/tags/"
)
