package bucket

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"

	"cloud.google.com/go/storage"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"gocloud.dev/blob"
	_ "gocloud.dev/blob/azureblob" // azblob://
	_ "gocloud.dev/blob/gcsblob"   // gs://
	"gocloud.dev/blob/s3blob"
	"gocloud.dev/gcp"
)

// ErrNoLinks says that no addresses can be made that work without credentials: the credentials at hand cannot sign.
var ErrNoLinks = errors.New("the credentials at hand cannot sign addresses: give AZURE_STORAGE_KEY")

// Open opens a bucket. It does not ask the bucket, which may be reachable later. Beside the bucket it tells whether
// links can be made.
func Open(ctx context.Context, l *Location) (o *Objects, links bool, err error) {
	o = &Objects{prefix: l.prefix}
	switch l.scheme {
	case "s3":
		err = o.openS3(ctx, l)
	case "gs":
		err = o.openGoogle(ctx, l)
	default:
		err = o.openAzure(ctx, l)
	}
	if err != nil {
		return nil, false, err
	}
	if l.scheme != "azblob" {
		return o, true, nil
	}
	_, err = o.Link(ctx, "probe", http.MethodGet, time.Minute)
	return o, err == nil, nil
}

func (o *Objects) openS3(ctx context.Context, l *Location) error {
	var options []func(*config.LoadOptions) error
	if l.region != "" {
		options = append(options, config.WithRegion(l.region))
	}
	settings, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return fmt.Errorf("read the settings of AWS: %w", err)
	}
	if settings.Region == "" {
		return errors.New("it says no region, nor does AWS_REGION")
	}
	driver := &s3blob.Options{}
	if l.endpoint != "" { // others than Amazon may not know its newer checksums
		settings.BaseEndpoint = aws.String(l.endpoint)
		settings.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		settings.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		driver.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
	}
	client := s3.NewFromConfig(settings, func(s *s3.Options) { s.UsePathStyle = l.pathStyle })
	if o.bucket, err = s3blob.OpenBucket(ctx, client, l.name, driver); err != nil {
		return err
	}
	o.link = func(ctx context.Context, key, method string, works time.Duration) (string, error) {
		signer := s3.NewPresignClient(client, s3.WithPresignExpires(works))
		if method == http.MethodHead {
			signed, err := signer.PresignHeadObject(ctx, &s3.HeadObjectInput{Bucket: &l.name, Key: &key})
			if err != nil {
				return "", err
			}
			return signed.URL, nil
		}
		signed, err := signer.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: &l.name, Key: &key})
		if err != nil {
			return "", err
		}
		return signed.URL, nil
	}
	return nil
}

// emulator is the variable by which Google's libraries find a test server; it serves plain http.
const emulator = "STORAGE_EMULATOR_HOST"

func (o *Objects) openGoogle(ctx context.Context, l *Location) (err error) {
	if os.Getenv(emulator) == "" {
		if _, err := gcp.DefaultCredentials(ctx); err != nil {
			return fmt.Errorf("read the credentials of Google Cloud; does GOOGLE_APPLICATION_CREDENTIALS name their file? %w", err)
		}
	}
	if o.bucket, err = blob.OpenBucket(ctx, l.driverURL()); err != nil {
		return err
	}
	o.link = func(ctx context.Context, key, method string, works time.Duration) (string, error) {
		return o.bucket.SignedURL(ctx, key, &blob.SignedURLOptions{Expiry: works, BeforeSign: func(as func(any) bool) error {
			var signing *storage.SignedURLOptions
			if as(&signing) {
				signing.Method, signing.Scheme, signing.Insecure = method, storage.SigningSchemeV4, os.Getenv(emulator) != ""
			}
			return nil
		}})
	}
	return nil
}

func (o *Objects) openAzure(ctx context.Context, l *Location) (err error) {
	if o.bucket, err = blob.OpenBucket(ctx, l.driverURL()); err != nil {
		return fmt.Errorf("read the settings of Azure; AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_KEY name the account: %w", err)
	}
	o.link = func(ctx context.Context, key, _ string, works time.Duration) (string, error) {
		// A permission to read is one to ask for the head too.
		return o.bucket.SignedURL(ctx, key, &blob.SignedURLOptions{Expiry: works, BeforeSign: func(as func(any) bool) error {
			var permissions *sas.BlobPermissions
			if as(&permissions) {
				*permissions = sas.BlobPermissions{Read: true}
			}
			return nil
		}})
	}
	return nil
}

// driverURL is the location as gocloud.dev's drivers read it.
func (l *Location) driverURL() string {
	return (&url.URL{Scheme: l.scheme, Host: l.name, RawQuery: l.others.Encode()}).String()
}
