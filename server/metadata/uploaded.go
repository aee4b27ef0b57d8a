package metadata

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	texts "broker/server/text"
)

// published are the fields of a composer.json that other projects have use of; the others are of its own project alone,
// or say where to get it (composer/src/Composer/Package/Dumper/ArrayDumper.php).
var published = []string{"name", "version", "description", "type", "keywords", "homepage", "license", "authors", "support", "funding", "time",
	"require", "require-dev", "conflict", "replace", "provide", "suggest", "autoload", "autoload-dev", "include-path", "target-dir", "bin", "extra",
	"abandoned", "php-ext", "default-branch"}

// Uploaded is what a composer.json says, with what was said beside it.
type Uploaded struct {
	fields fields
	Name   string // lower case
}

// Said is what is said beside an archive; empty fields are not said.
type Said struct {
	Name, Version, Type, Description string
	Require                          map[string]string
}

// ReadUploaded reads the composer.json of an archive; body is nil where the archive has none. What is said beside fills
// in what the file leaves open, and must not contradict it. Errors are sentences for people, of what to do.
func ReadUploaded(body []byte, said Said) (*Uploaded, error) {
	var f fields
	if body != nil {
		tidied, err := tidy(body)
		if err != nil || !isObject(tidied) {
			return nil, errors.New("its composer.json is not a JSON object")
		}
		members(tidied, func(key, value []byte) bool {
			if k := texts.Line(text(key), 100); slices.Contains(published, k) && depth(value) <= depthMax {
				f = f.with(k, texts.JSON(value))
			}
			return true
		})
	}
	for _, one := range []struct{ key, value string }{{"name", said.Name}, {"version", said.Version}, {"type", said.Type}, {"description", said.Description}} {
		if one.value == "" {
			continue
		}
		if has := scalar(f.get(one.key)); has != "" && has != one.value && !sameVersion(one.key, has, one.value) {
			return nil, fmt.Errorf("its composer.json has the %s %q, and %q was said beside it: leave one of them out", one.key, short(has), short(one.value))
		}
		if empty(f.get(one.key)) {
			f = f.with(one.key, quote(one.value))
		}
	}
	if len(said.Require) > 0 {
		if !empty(f.get("require")) {
			return nil, errors.New("its composer.json says what it requires, and so does what was said beside it: leave one of them out")
		}
		f = f.with("require", objectOf(said.Require))
	}
	u := &Uploaded{fields: f, Name: strings.ToLower(text(f.get("name")))}
	return u, u.check(body != nil)
}

// sameVersion tells whether two versions are the same, however they are written.
func sameVersion(key, a, b string) bool {
	x, errX := Normalize(a)
	y, errY := Normalize(b)
	return key == "version" && errX == nil && errY == nil && x == y
}

func objectOf(of map[string]string) []byte {
	var f fields
	for key, value := range of {
		f = f.with(key, quote(value))
	}
	return f.json()
}

// Composer's rules of what a package may be called and say (composer/src/Composer/Package/Loader/ValidatingArrayLoader.php).
var (
	validType = regexp.MustCompile(`^[A-Za-z0-9-]+$`)
	reserved  = []string{"nul", "con", "prn", "aux", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9",
		"lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9"}
)

func (u *Uploaded) check(hasManifest bool) error {
	written := text(u.fields.get("name"))
	switch {
	case written == "" && !hasManifest:
		return errors.New("it has no composer.json at its top, or in the one folder that all is in. Add one, or say what the package is: ?name=acme/plugin&version=1.2.0&type=wordpress-plugin, or the form of the dashboard")
	case written == "":
		return errors.New("its composer.json has no name. Add one, or say it: ?name=acme/plugin")
	case written != u.Name:
		return fmt.Errorf("its name %q has capitals; Composer wants %s", short(written), u.Name)
	}
	for part := range strings.SplitSeq(u.Name, "/") {
		if slices.Contains(reserved, part) {
			return fmt.Errorf("its name %q is reserved: %s is a device on Windows", short(written), part)
		}
	}
	if scalar(u.fields.get("version")) == "" {
		return errors.New("nothing says its version. Write it into composer.json, or say it: ?version=1.2.0, or ?version=dev-main for a branch")
	}
	if raw := u.fields.get("type"); !empty(raw) && (!validType.MatchString(text(raw)) || len(text(raw)) > typeMax) {
		return fmt.Errorf("its type %q may have letters, digits and - alone", short(scalar(raw)))
	}
	if raw := u.fields.get("description"); !empty(raw) && raw[0] != '"' {
		return errors.New("its description is not a text")
	}
	if err := u.checkItself(); err != nil {
		return err
	}
	return u.checkAutoload()
}

// checkItself refuses a package that requires itself.
func (u *Uploaded) checkItself() (err error) {
	if requires := u.fields.get("require"); isObject(requires) {
		members(requires, func(key, _ []byte) bool {
			if strings.EqualFold(text(key), u.Name) {
				err = errors.New("it requires itself")
			}
			return err == nil
		})
	}
	return err
}

// checkAutoload refuses what Composer would stop at while it writes the autoloader of whoever installs the package.
func (u *Uploaded) checkAutoload() (err error) {
	for _, field := range []string{"autoload", "autoload-dev"} {
		raw := u.fields.get(field)
		if empty(raw) {
			continue
		}
		if !isObject(raw) {
			return fmt.Errorf("its %s is not a map", field)
		}
		members(raw, func(key, value []byte) bool {
			kind := text(key)
			switch {
			case !slices.Contains([]string{"psr-0", "psr-4", "classmap", "files", "exclude-from-classmap"}, kind):
				err = fmt.Errorf("its %s knows no %q: there are psr-4, psr-0, classmap, files and exclude-from-classmap", field, short(kind))
			case kind == "psr-4" && !empty(value) && isObject(value):
				members(value, func(namespace, _ []byte) bool {
					if n := text(namespace); n != "" && !strings.HasSuffix(n, `\`) {
						err = fmt.Errorf("its %s has the psr-4 namespace %q, which must end with \\", field, short(n))
					}
					return err == nil
				})
			case !isContainer(value):
				err = fmt.Errorf("its %s has %s that is neither a list nor a map", field, kind)
			}
			return err == nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Unfit says why a composer.json makes no version that Composer could use.
type Unfit struct{ Reason string }

func (u *Unfit) Error() string { return u.Reason }

// Version makes the version that an archive is of. at is when it was uploaded, for one that does not say its time.
func (r *Reader) Version(u *Uploaded, d Dist, at time.Time) (Version, error) {
	f := slices.Clone(u.fields).with("dist", d.json())
	if empty(f.get("time")) {
		f = f.with("time", quote(at.UTC().Format(time.RFC3339)))
	}
	v, left, err := r.cleaning(u.Name).newVersion(f)
	if err == nil && len(left) > 0 {
		err = errors.New(left[0])
	}
	if err != nil {
		return Version{}, &Unfit{err.Error()}
	}
	return v, nil
}
