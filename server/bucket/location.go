// Package bucket keeps archives in a bucket of S3 and what speaks its protocol, of Google Cloud Storage, or in a
// container of Azure Blob Storage.
package bucket

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Location is where a bucket is. Credentials come from the environment, by the names that each cloud's own tools read.
type Location struct {
	scheme    string
	name      string     // of the bucket, or container
	prefix    string     // of all keys; empty or ending in a slash
	region    string     // of s3; empty for what the environment says
	endpoint  string     // of s3; empty for Amazon's
	pathStyle bool       // of s3: whether the bucket's name stands in the path, and not in the host name
	others    url.Values // of gs and azblob, as the driver calls them
}

// parameters are what may be said after the question mark.
var parameters = map[string][]string{
	"s3":     {"region", "endpoint", "use_path_style", "prefix"},
	"gs":     {"access_id", "private_key_path", "prefix"},
	"azblob": {"storage_account", "domain", "protocol", "prefix"},
}

// Parse reads an address such as s3://bucket?region=eu-central-1, gs://bucket or azblob://container. It asks nobody.
func Parse(address string) (*Location, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("it is not an address such as s3://bucket?region=eu-central-1")
	}
	known, ok := parameters[u.Scheme]
	switch {
	case !ok:
		return nil, errors.New("it begins with none of file:, s3://, gs:// and azblob://")
	case u.User != nil:
		return nil, errors.New("it has a user name; credentials are read from the cloud's own variables, such as AWS_ACCESS_KEY_ID")
	case u.Host == "" || u.Port() != "":
		return nil, fmt.Errorf("it names no bucket; write %s://BUCKET", u.Scheme)
	case strings.Trim(u.Path, "/") != "" || u.Fragment != "":
		return nil, fmt.Errorf("it has a path; write %s://%s?prefix=%s/", u.Scheme, u.Host, strings.Trim(u.Path, "/"))
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, errors.New("what stands after its question mark cannot be read")
	}
	for name, given := range query {
		if !slices.Contains(known, name) || len(given) != 1 {
			return nil, fmt.Errorf("%q is no parameter of %s://, or given twice; there are %s", name, u.Scheme, strings.Join(known, ", "))
		}
	}
	l := &Location{scheme: u.Scheme, name: u.Host, prefix: query.Get("prefix"), region: query.Get("region")}
	query.Del("prefix")
	l.others = query
	if l.prefix != "" && !strings.HasSuffix(l.prefix, "/") {
		l.prefix += "/"
	}
	if l.prefix == "/" || strings.HasPrefix(l.prefix, "/") || strings.Contains(l.prefix, "//") || strings.Contains("/"+l.prefix, "/../") {
		return nil, fmt.Errorf("its prefix %q is not one such as packages/", query.Get("prefix"))
	}
	return l, l.parseEndpoint(query)
}

// parseEndpoint reads where a server is that is not Amazon's. Such have the bucket in the path as a rule.
func (l *Location) parseEndpoint(query url.Values) error {
	l.endpoint = query.Get("endpoint")
	l.pathStyle = l.endpoint != ""
	if style := query.Get("use_path_style"); style != "" {
		wanted, err := strconv.ParseBool(style)
		if err != nil {
			return fmt.Errorf("its use_path_style %q is neither true nor false", style)
		}
		l.pathStyle = wanted
	}
	if l.endpoint == "" {
		return nil
	}
	u, err := url.Parse(l.endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("its endpoint is not an address such as https://s3.example.org")
	}
	return nil
}
