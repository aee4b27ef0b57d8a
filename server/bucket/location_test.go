package bucket_test

import (
	"strings"
	"testing"

	"broker/server/bucket"
)

// An address that makes no sense is refused with what is wrong about it; nothing in it is passed over.
func TestAddressesThatMakeNoSense(t *testing.T) {
	t.Parallel()
	for address, said := range map[string]string{
		"ftp://x":                              "begins with none of",
		"s3:bucket":                            "names no bucket",
		"s3://":                                "names no bucket",
		"s3://bucket:9000":                     "names no bucket",
		"s3://key:secret@bucket":               "AWS_ACCESS_KEY_ID",
		"s3://bucket/some/folder":              "prefix=some/folder/",
		"s3://bucket?regoin=eu":                `"regoin" is no parameter`,
		"s3://bucket?region=a&region=b":        "given twice",
		"s3://bucket?endpoint=localhost:9000":  "endpoint",
		"s3://bucket?endpoint=http://a:b@host": "endpoint",
		"s3://bucket?use_path_style=maybe":     "use_path_style",
		"s3://bucket?prefix=../x":              "prefix",
		"s3://bucket?prefix=/":                 "prefix",
		"gs://bucket?region=eu":                `"region" is no parameter`,
		"azblob://container?endpoint=http://x": `"endpoint" is no parameter`,
		"s3://bucket#x":                        "path",
		"s3://bucket?%zz":                      "cannot be read",
		"s3://%zz":                             "not an address",
	} {
		if _, err := bucket.Parse(address); err == nil || !strings.Contains(err.Error(), said) {
			t.Errorf("%s: %v, which does not say %q", address, err, said)
		}
		if _, err := bucket.Parse(address); err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error shows a secret: %v", address, err)
		}
	}
	for _, address := range []string{
		"s3://bucket", "s3://bucket?region=eu-central-1", "s3://bucket?endpoint=https://s3.example.org&use_path_style=false&prefix=a/b",
		"gs://bucket?prefix=a/", "azblob://container?storage_account=x&domain=blob.core.chinacloudapi.cn",
	} {
		if _, err := bucket.Parse(address); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}
