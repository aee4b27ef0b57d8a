package metadata

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	texts "broker/server/text"
)

// Reader reads documents, and remembers what it found of constraints and versions, which are the same in most packages.
// Safe for concurrent use.
type Reader struct {
	// Packs tells why no archive is made here of the git repository at an address, which a version has instead of one; an
	// error is a part of a sentence. Without it none is made.
	Packs func(address string) error
	// Upstream tells that documents are of a source: the addresses of their archives are filled in as Composer does it, or
	// are those of the source's Mirror, where it has one. In our own they stay as they are.
	Upstream bool
	Mirror   string // dist-url of a preferred mirror, absolute; empty without one

	// Pause is called after each version: others may be waiting for the processor. It may be nil.
	Pause func()

	mu          sync.Mutex
	constraints map[string]bool
	found       map[string]readVersion
}

// readVersion is what a version's text tells.
type readVersion struct {
	normalized string // empty: it is none
	dev        bool
}

// NewReader makes a reader.
func NewReader() *Reader {
	return &Reader{constraints: map[string]bool{}, found: map[string]readVersion{}}
}

// What a reader remembers: short texts, and not too many.
const (
	rememberedMax = 20_000
	rememberBytes = 64
)

// readable tells whether Composer can read a constraint.
func (r *Reader) readable(constraint []byte) bool {
	return remember(r, r.constraints, constraint, func(constraint string) bool { return CheckConstraint(constraint) == nil })
}

func (r *Reader) version(version string) readVersion {
	return remember(r, r.found, version, func(version string) readVersion {
		normalized, err := Normalize(version)
		if err != nil {
			return readVersion{}
		}
		return readVersion{normalized, Stability(version) == "dev"}
	})
}

func remember[K []byte | string, T any](r *Reader, all map[string]T, text K, find func(string) T) T {
	r.mu.Lock()
	found, ok := all[string(text)] // without a copy
	r.mu.Unlock()
	if ok {
		return found
	}
	key := strings.Clone(string(text)) // it may be a part of something larger
	found = find(key)
	if len(key) <= rememberBytes {
		r.mu.Lock()
		defer r.mu.Unlock()
		if len(all) >= rememberedMax {
			clear(all)
		}
		all[key] = found
	}
	return found
}

// dropped are fields that mean the server they came from.
var dropped = []string{"notification-url", "transport-options", "uid", normalizedKey}

// linkFields are the fields that map names to constraints.
var linkFields = [...]string{"require", "require-dev", "conflict", "provide", "replace"}

// distTypes are what Composer can unpack (Factory::createDownloadManager).
var distTypes = []string{"zip", "tar", "gzip", "xz", "rar", "phar", "file"}

// cleaning leaves out what would stop a client: Composer gives up on the first version it cannot read, also when nobody
// wants that version.
type cleaning struct {
	*Reader
	name     string
	packed   bool // their archives are made here
	minified bool // each version has the fields of the one before it
	shallow  bool // no field is nested too deep
	shown    bool // no field has what texts.JSON leaves out
	versions []Version
	skips    []Skip
	seen     map[string]bool             // normalised versions
	links    [len(linkFields)]linksFound // of the version before, by the place of the field

	left  int             // versions that are still to be made
	now   fields          // of the version that is made
	kept  fields          // of those before it, as far as they share memory
	texts strings.Builder // the same of their texts
	dists []Dist          // the same
}

// cleaning begins with a package.
func (r *Reader) cleaning(name string) *cleaning {
	return &cleaning{Reader: r, name: name, seen: map[string]bool{}}
}

// linksFound is what was found of a field that maps names to constraints. Most versions have that of the one before.
type linksFound struct {
	raw []byte
	err error
}

// skipsMax is how many skips of one package are told.
const skipsMax = 1000

func (c *cleaning) skip(version, reason string) {
	if len(c.skips) < skipsMax {
		c.skips = append(c.skips, Skip{Package: c.name, Version: strings.Clone(short(version)), Reason: reason}) // which is kept for longer than the versions
	}
}

// add makes a version of fields, which stay as they are.
func (c *cleaning) add(f fields) {
	v, left, err := c.newVersion(f)
	if err == nil && c.seen[v.Normalized] {
		err = fmt.Errorf("another version is %s too", v.Normalized)
	}
	if err != nil {
		c.skip(scalar(f.get("version")), err.Error())
		return
	}
	for _, reason := range left {
		c.skip(v.Version, reason)
	}
	c.seen[v.Normalized] = true
	c.versions = append(c.versions, v)
}

// newVersion returns a version and why fields of it were left out. The version shares the fields, which stay as they are.
func (c *cleaning) newVersion(f fields) (v Version, left []string, err error) {
	if len(f) > fieldsMax {
		return v, nil, fmt.Errorf("it has more than %d fields", fieldsMax)
	}
	if f.bytes() > versionBytesMax {
		return v, nil, fmt.Errorf("it is larger than %d MiB", versionBytesMax>>20)
	}
	v = Version{Name: c.name, Version: c.scalar(f.get("version")), fields: f}
	if named := f.get("name"); !is(named, c.name) {
		if name := text(named); !strings.EqualFold(name, c.name) {
			return v, nil, fmt.Errorf("it says that its name is %q", short(name))
		}
	}
	if err := c.nameVersion(&v); err != nil {
		return v, nil, err
	}
	if err := c.checkLinks(&v); err != nil {
		return v, nil, err
	}
	if err := checkBin(&v); err != nil {
		return v, nil, err
	}
	c.dropBadSource(&v)
	left = dropBadFields(&v)
	more, err := c.readDist(&v)
	return v, append(left, more...), err
}

// versionMax is how long a version, as written or normalised, may be, in bytes.
const versionMax = 255

func (c *cleaning) nameVersion(v *Version) error {
	if v.Version == "" || texts.Line(v.Version, versionMax) != v.Version {
		return fmt.Errorf("its version is missing, longer than %d characters, or has characters that cannot be seen", versionMax)
	}
	read := c.version(v.Version)
	if read.normalized == "" {
		return fmt.Errorf("%q is no version that Composer can read", short(v.Version))
	}
	if len(read.normalized) > versionMax {
		return fmt.Errorf("its version is longer than %d characters when normalised", versionMax)
	}
	if raw := v.fields.get("version"); raw[0] != '"' {
		v.set("version", quote(v.Version))
	}
	v.Normalized, v.Dev = read.normalized, read.dev
	return nil
}

// scalar is as the function is, in memory that versions share.
func (c *cleaning) scalar(raw []byte) string {
	if len(raw) == 0 || raw[0] == '"' {
		return c.text(raw)
	}
	return scalar(raw)
}

// textsAtOnce is how many bytes memory is taken for at a time, at most, and textsOfOne how many texts of a version take.
const (
	textsAtOnce = 8 << 10
	textsOfOne  = 200
)

// text is as the function is, in memory that versions share.
func (c *cleaning) text(raw []byte) string {
	if len(raw) <= 2 || len(raw) > textsAtOnce/4 || raw[0] != '"' || bytes.IndexByte(raw, '\\') >= 0 {
		return text(raw)
	}
	said := raw[1 : len(raw)-1]
	if len(said) > c.texts.Cap()-c.texts.Len() {
		c.texts.Reset() // who has texts of it keeps them
		c.texts.Grow(max(len(said), min(c.left*textsOfOne, textsAtOnce)))
	}
	begin := c.texts.Len()
	c.texts.Write(said)
	return c.texts.String()[begin:]
}

// scalar is what PHP makes a text of: a string, or a number that should have been one.
func scalar(raw []byte) string {
	if len(raw) == 0 || raw[0] == '"' {
		return text(raw)
	}
	if string(raw) == "true" {
		return "1"
	}
	if n, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		return strconv.FormatInt(n, 10)
	}
	if f, err := strconv.ParseFloat(string(raw), 64); err == nil && f > -1e15 && f < 1e15 {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return ""
}

func (c *cleaning) checkLinks(v *Version) error {
	for i, field := range linkFields {
		raw := v.fields.get(field)
		if empty(raw) {
			continue
		}
		found := &c.links[i]
		if !bytes.Equal(found.raw, raw) {
			*found = linksFound{raw, c.checkLink(field, raw)}
		}
		if found.err != nil {
			return found.err
		}
	}
	return nil
}

func (c *cleaning) checkLink(field string, raw []byte) (err error) {
	if !isObject(raw) {
		return fmt.Errorf("its %s is not a map of names to constraints", field)
	}
	members(raw, func(key, value []byte) bool {
		var room [2][rememberBytes]byte
		name, constraint := said(room[0][:0], key), said(room[1][:0], value)
		switch {
		case value[0] != '"':
			err = fmt.Errorf("its %s of %s is not a constraint", field, short(string(name)))
		case !linkName(name):
			err = fmt.Errorf("its %s names %q, which is no package", field, short(string(name)))
		case string(constraint) != "self.version" && !c.readable(constraint):
			err = fmt.Errorf("its %s of %s has the constraint %q, which Composer cannot read", field, string(name), short(string(constraint)))
		}
		return err == nil
	})
	return err
}

// linkName tells whether a link may be called that: names come from people, and Composer asks for each of them.
func linkName(name []byte) bool {
	if len(name) == 0 || len(name) > 251 || !letterOrDigit(name[0]) {
		return false
	}
	for _, b := range name {
		if !letterOrDigit(b) && strings.IndexByte("_./+~-", b) < 0 {
			return false
		}
	}
	return true
}

func letterOrDigit(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
}

func checkBin(v *Version) error {
	raw := v.fields.get("bin")
	if empty(raw) {
		return nil
	}
	paths := textsOf(raw)
	if one := text(raw); one != "" {
		paths = []string{one}
	}
	for _, path := range paths {
		if slices.Contains(strings.FieldsFunc(path, func(r rune) bool { return r == '/' || r == '\\' }), "..") {
			return fmt.Errorf("its bin %q leads out of the package", short(path))
		}
	}
	return nil
}

// dropBadSource removes a source that Composer would stop at; the dist is what is served.
func (c *cleaning) dropBadSource(v *Version) {
	source := v.fields.get("source")
	if source == nil {
		return
	}
	o := originOf(source)
	if !says(o.kind) || !says(o.url) || !says(o.reference) || isOption(o.url) || isOption(o.reference) {
		v.drop("source")
		return
	}
	v.reference = c.text(o.reference)
}

// says tells whether a value is a text that is not empty.
func says(raw []byte) bool { return len(raw) > 2 && raw[0] == '"' }

// isOption tells whether a text begins as options of a command do.
func isOption(raw []byte) bool {
	return raw[1] == '-' || raw[1] == '\\' && strings.HasPrefix(text(raw), "-")
}

// dropBadFields removes fields that no database or list could hold, and says why.
func dropBadFields(v *Version) (left []string) {
	if !isLine(v.fields.get("type"), typeMax) {
		v.drop("type")
		left = append(left, fmt.Sprintf("its type is left out: it is longer than %d characters or has some that cannot be seen", typeMax))
	}
	var room [rememberBytes]byte
	at, ok := parseTime(string(said(room[:0], v.fields.get("time"))))
	if !ok {
		left = append(left, fmt.Sprintf("its time %q is left out: no calendar here has it", short(v.Time())))
		v.drop("time")
		return left
	}
	v.releasedAt = at
	return left
}

// isLine tells whether a text is one line of at most so many bytes, in which all can be seen.
func isLine(raw []byte, most int) bool {
	var room [rememberBytes]byte
	line := said(room[:0], raw)
	return len(line) <= most && plain(line) || texts.Line(string(line), most) == string(line)
}

// referenceMax is how long a reference may be, in bytes.
const referenceMax = 255

// distURLMax is how long the address of an archive may be, in bytes.
const distURLMax = 4096

func (c *cleaning) readDist(v *Version) (left []string, err error) {
	d, said := c.newDist(v)
	if !said {
		v.drop("dist")
		if v.Type() == "metapackage" {
			return nil, nil
		}
		return nil, c.packNamed(v)
	}
	if !slices.Contains(distTypes, d.Type) {
		return nil, errors.New("its dist has no type that Composer can unpack")
	}
	if _, ok := d.Packed(); ok && c.packed {
		v.reference, v.dist = d.Reference, d
		return nil, nil
	}
	if c.Upstream && c.Mirror != "" && d.Reference != "" {
		d.URL = c.Mirror
	}
	asked := filled(d.URL, v, *d)
	if c.Upstream {
		d.URL = asked
	}
	if len(d.URL) > distURLMax {
		return nil, errNoAddress
	}
	if err := checkAddress(asked); err != nil {
		return nil, err
	}
	if d.Shasum != "" && !isSHA1(d.Shasum) {
		left = append(left, fmt.Sprintf("its shasum %q is left out: it is not the SHA-1 that Composer compares with", short(d.Shasum)))
		d.Shasum = ""
	}
	if texts.Line(d.Reference, referenceMax) != d.Reference {
		left = append(left, fmt.Sprintf("the reference of its dist is left out: it is longer than %d characters or has some that cannot be seen", referenceMax))
		d.Reference = ""
	}
	if v.reference = texts.Line(v.reference, referenceMax); d.Reference != "" {
		v.reference = d.Reference
	}
	v.dist = d
	return left, nil
}

var errNoAddress = errors.New("its dist has no absolute http address")

// checkAddress tells what is wrong with the address of an archive. Most are a host and a path of plain characters, which
// need not be taken apart.
func checkAddress(address string) error {
	if rest, ok := strings.CutPrefix(address, "https://"); ok {
		if host, path, _ := strings.Cut(rest, "/"); host != "" && only(host, ".-") && only(path, "/._~-") {
			return nil
		}
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return errNoAddress
	}
	if u.User != nil {
		return errors.New("its dist has a user name or password in its address")
	}
	return nil
}

// only tells whether a text is of letters, digits and some other characters.
func only(s, others string) bool {
	for i := range len(s) {
		if !letterOrDigit(s[i]) && strings.IndexByte(others, s[i]) < 0 {
			return false
		}
	}
	return true
}

// newDist is the dist as a version says it; false where it says no address.
func (c *cleaning) newDist(v *Version) (d *Dist, ok bool) {
	o := originOf(v.fields.get("dist"))
	if !says(o.url) {
		return nil, false
	}
	if len(c.dists) == cap(c.dists) {
		c.dists = make([]Dist, 0, min(max(c.left, 1), distsAtOnce))
	}
	c.dists = append(c.dists, Dist{URL: c.text(o.url), Shasum: strings.ToLower(c.text(o.shasum))})
	d = &c.dists[len(c.dists)-1]
	for _, kind := range distTypes {
		if is(o.kind, kind) {
			d.Type = kind
		}
	}
	if is(o.reference, v.reference) && v.reference != "" {
		d.Reference = v.reference
	} else {
		d.Reference = c.text(o.reference)
	}
	return d, true
}

// distsAtOnce is how many dists memory is taken for at a time, at most.
const distsAtOnce = 100

func isSHA1(s string) bool {
	if len(s) != 40 {
		return false
	}
	for i := range len(s) {
		if (s[i] < '0' || s[i] > '9') && (s[i] < 'a' || s[i] > 'f') {
			return false
		}
	}
	return true
}
