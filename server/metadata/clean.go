package metadata

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	texts "broker/server/text"
)

// dropped are fields that mean the server they came from.
var dropped = []string{"notification-url", "transport-options", "uid", "version_normalized"}

// links are the fields that map names to constraints.
var links = []string{"require", "require-dev", "conflict", "provide", "replace"}

// distTypes are what Composer can unpack (Factory::createDownloadManager).
var distTypes = []string{"zip", "tar", "gzip", "xz", "rar", "phar", "file", "path"}

// linkName is what a link may be called: names come from people, and Composer asks for each of them.
var linkName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_./+~-]{0,250}$`)

// clean makes versions of a list of fields and leaves out what would stop a client: Composer gives up on the first
// version it cannot read, also when nobody wants that version.
func clean(name string, list []map[string]json.RawMessage) ([]Version, []Skip) {
	versions := make([]Version, 0, len(list))
	var skips []Skip
	seen := map[string]bool{}
	for _, fields := range list {
		v, err := newVersion(name, fields)
		if err == nil && seen[v.Normalized] {
			err = fmt.Errorf("another version is %s too", v.Normalized)
		}
		if err != nil {
			skips = append(skips, Skip{Package: name, Version: short(text(fields["version"])), Reason: err.Error()})
			continue
		}
		seen[v.Normalized] = true
		versions = append(versions, v)
	}
	return versions, skips
}

func newVersion(name string, fields map[string]json.RawMessage) (Version, error) {
	v := Version{Name: name, Version: text(fields["version"]), fields: map[string]json.RawMessage{}}
	for key, value := range fields {
		if !slices.Contains(dropped, key) {
			v.fields[key] = wellFormed(value)
		}
	}
	if !strings.EqualFold(text(fields["name"]), name) {
		return v, fmt.Errorf("it says that its name is %q", short(text(fields["name"])))
	}
	if v.Version == "" || texts.Line(v.Version, 255) != v.Version {
		return v, errors.New("its version is missing, longer than 255 characters, or has characters that cannot be seen")
	}
	var err error
	if v.Normalized, err = Normalize(v.Version); err != nil {
		return v, err
	}
	v.Dev = Stability(v.Version) == "dev"
	v.dropBadSource()
	return v, v.check()
}

func (v *Version) check() error {
	for _, check := range []func() error{v.checkLinks, v.checkBin, v.checkDist} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// wellFormed drops white space and what Composer would print and no text needs (see server/text), and replaces what is
// valid JSON but no text: half of a surrogate pair, which makes PHP lose the whole document without a word.
func wellFormed(raw json.RawMessage) json.RawMessage {
	raw = texts.JSON(raw)
	var b bytes.Buffer
	if bytes.Contains(raw, []byte(`\ud`)) || bytes.Contains(raw, []byte(`\uD`)) {
		var value any
		decoder := json.NewDecoder(bytes.NewReader(raw))
		decoder.UseNumber()
		if decoder.Decode(&value) == nil {
			encoder := json.NewEncoder(&b)
			encoder.SetEscapeHTML(false)
			if encoder.Encode(value) == nil {
				return bytes.TrimSpace(b.Bytes())
			}
		}
	}
	b.Reset()
	if json.Compact(&b, raw) != nil {
		return raw
	}
	return b.Bytes()
}

func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

func empty(raw json.RawMessage) bool {
	s := string(raw)
	return s == "" || s == "null" || s == "[]" || s == "{}"
}

func (v *Version) checkLinks() error {
	for _, field := range links {
		if empty(v.fields[field]) {
			continue
		}
		var constraints map[string]string
		if err := json.Unmarshal(v.fields[field], &constraints); err != nil {
			return fmt.Errorf("its %s is not a map of names to constraints", field)
		}
		for name, constraint := range constraints {
			if !linkName.MatchString(name) {
				return fmt.Errorf("its %s names %q, which is no package", field, short(name))
			}
			if constraint != "self.version" && CheckConstraint(constraint) != nil {
				return fmt.Errorf("its %s of %s has the constraint %q, which Composer cannot read", field, name, short(constraint))
			}
		}
	}
	return nil
}

func (v *Version) checkBin() error {
	raw := v.fields["bin"]
	if empty(raw) {
		return nil
	}
	var paths []string
	if json.Unmarshal(raw, &paths) != nil {
		paths = []string{text(raw)}
	}
	for _, path := range paths {
		if slices.Contains(strings.FieldsFunc(path, func(r rune) bool { return r == '/' || r == '\\' }), "..") {
			return fmt.Errorf("its bin %q leads out of the package", short(path))
		}
	}
	return nil
}

func (v *Version) checkDist() error {
	if empty(v.fields["dist"]) {
		delete(v.fields, "dist")
		if v.Type() == "metapackage" {
			return nil
		}
		return errors.New("it has no dist")
	}
	d, ok := v.Dist()
	if !ok || !slices.Contains(distTypes, d.Type) || d.Type == "path" {
		return errors.New("its dist has no type that Composer can unpack")
	}
	u, err := url.Parse(d.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || len(d.URL) > 4096 {
		return errors.New("its dist has no absolute http address")
	}
	if u.User != nil {
		return errors.New("its dist has a user name or password in its address")
	}
	return nil
}

// dropBadSource removes a source that Composer would stop at; the dist is what is served.
func (v *Version) dropBadSource() {
	var source struct{ Type, URL, Reference string }
	if json.Unmarshal(v.fields["source"], &source) != nil || source.Type == "" || source.URL == "" || source.Reference == "" ||
		strings.HasPrefix(source.URL, "-") || strings.HasPrefix(source.Reference, "-") {
		delete(v.fields, "source")
	}
}
