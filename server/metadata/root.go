package metadata

import (
	"errors"
	"strings"
)

// Root is what packages.json, and the files it includes, say of a Composer repository.
type Root struct {
	MetadataURL      string
	List             string
	ProvidersURL     string
	LazyURL          string            // providers-lazy-url
	ChangesURL       string            // metadata-changes-url
	AdvisoriesURL    string            // security-advisories.api-url
	Advised          bool              // security-advisories.metadata: the documents of packages have advisories
	Filters          []string          // filter lists that the documents of packages have, sorted
	Available        []string          // names in available-packages
	Patterns         []string          // available-package-patterns
	Mirror           string            // dist-url of the first preferred mirror of archives; empty without one
	Includes         []Include         // files with more packages
	ProviderIncludes []Include         // files with more providers
	Providers        map[string]string // SHA-256 of a package's document, by name
	HasPackages      bool              // it has the key packages, though that may be empty
	Packages         Packages
	Skipped          []Skip
}

// Include is a file that a root names. SHA256 is empty where it does not say it.
type Include struct{ Path, SHA256 string }

// Packages are the packages that a document holds itself, by their names in lower case: each version's JSON, in order.
// The versions share the document's bytes.
type Packages map[string][][]byte

// ReadRoot reads packages.json, or a file that it includes, as Composer does: lists may be maps, and empty maps lists.
func ReadRoot(body []byte) (*Root, error) {
	body, err := tidy(body)
	if err != nil {
		return nil, err
	}
	if !isObject(body) {
		return nil, errors.New("it is not a map")
	}
	r := &Root{Packages: Packages{}}
	members(body, func(key, value []byte) bool {
		switch intern(key) {
		case "metadata-url":
			r.MetadataURL = text(value)
		case "list":
			r.List = text(value)
		case "providers-url":
			r.ProvidersURL = text(value)
		case "providers-lazy-url":
			r.LazyURL = text(value)
		case "metadata-changes-url":
			r.ChangesURL = text(value)
		case "security-advisories":
			if isObject(value) {
				r.AdvisoriesURL, r.Advised = text(get(value, "api-url")), string(get(value, "metadata")) == "true"
			}
		case "filter":
			r.Filters = filterLists(value)
		case "available-packages":
			r.Available = textsOf(value)
		case "available-package-patterns":
			r.Patterns = textsOf(value)
		case "mirrors":
			values(value, func(one []byte) bool {
				if preferred := string(get(one, "preferred")); preferred != "" && preferred != "false" && preferred != "null" && preferred != "0" {
					r.Mirror = text(get(one, "dist-url"))
				}
				return r.Mirror == ""
			})
		case "includes":
			r.Includes = includes(value)
		case "provider-includes", "providers-includes":
			r.ProviderIncludes = append(r.ProviderIncludes, includes(value)...)
		case "providers":
			r.Providers = providers(value)
		case "packages":
			r.HasPackages = true
			err = r.readPackages(value)
		}
		return err == nil
	})
	return r, err
}

func includes(raw []byte) []Include {
	var all []Include
	if isObject(raw) {
		members(raw, func(key, value []byte) bool {
			all = append(all, Include{text(key), text(get(value, "sha256"))})
			return true
		})
	}
	return all
}

func providers(raw []byte) map[string]string {
	all := map[string]string{}
	if isObject(raw) {
		members(raw, func(key, value []byte) bool {
			all[strings.ToLower(text(key))] = text(get(value, "sha256"))
			return true
		})
	}
	return all
}

// readPackages reads packages as {name: {version: {…}}}. A package is called what its versions call it, whatever they
// are listed under.
func (r *Root) readPackages(raw []byte) error {
	if empty(raw) {
		return nil
	}
	if !isObject(raw) {
		return errors.New("its packages are not a map of names")
	}
	members(raw, func(key, versions []byte) bool {
		listed := strings.ToLower(short(text(key)))
		if !isContainer(versions) {
			r.Skipped = append(r.Skipped, Skip{Package: listed, Reason: "its versions are neither a list nor a map"})
			return true
		}
		values(versions, func(version []byte) bool {
			name := strings.ToLower(text(get(version, "name")))
			if name == "" {
				r.Skipped = append(r.Skipped, Skip{Package: listed, Version: short(scalar(get(version, "version"))), Reason: "it does not say its name"})
				return true
			}
			r.Packages[name] = append(r.Packages[name], version)
			return true
		})
		return true
	})
	return nil
}

// ReadNames reads the names of {"packageNames": […]}; false where it has none of that form.
func ReadNames(body []byte) ([]string, bool) {
	body, err := tidy(body)
	if err != nil {
		return nil, false
	}
	names := get(body, "packageNames")
	return textsOf(names), isContainer(names)
}
