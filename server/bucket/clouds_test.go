//go:build storage

package bucket_test

import (
	"testing"

	"gocloud.dev/blob/azureblob"

	"broker/server/servicetest"
)

// A store in Google Cloud Storage gives the guarantees of the suite.
func TestGoogle(t *testing.T) { // not in parallel: it changes the environment
	server := servicetest.GCS(t)
	server.Setenv(t)
	suite(t, server.URL)
}

// A store in Azure Blob Storage gives the guarantees of the suite.
func TestAzure(t *testing.T) { // not in parallel: it changes the environment
	server := servicetest.Azure(t)
	server.Setenv(t)
	options := azureblob.NewDefaultServiceURLOptions()
	options.Protocol, options.StorageDomain = "http", server.Address
	address, err := azureblob.NewServiceURL(options)
	if err != nil {
		t.Fatal(err)
	}
	container, err := azureblob.NewDefaultClient(address, "packages")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := container.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	suite(t, server.URL)
}
