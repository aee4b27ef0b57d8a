//go:build storage

package bucket_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"broker/server/archive"
	"broker/server/bucket"
)

// The credentials of servicetest.S3, for this whole process, so that tests can run at the same time.
func TestMain(m *testing.M) {
	os.Setenv("AWS_ACCESS_KEY_ID", "broker")
	os.Setenv("AWS_SECRET_ACCESS_KEY", "of-a-test")
	os.Exit(m.Run())
}

func open(t *testing.T, url string) *bucket.Objects {
	t.Helper()
	location, err := bucket.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	objects, links, err := bucket.Open(t.Context(), location)
	if err != nil || !links {
		t.Fatal(links, err)
	}
	return objects
}

func inBucket(t *testing.T, objects archive.Objects, redirect bool) *archive.Store {
	t.Helper()
	store, err := archive.InBucket(objects, t.TempDir(), redirect)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// keys are the objects of a bucket, in order, without those in quarantine, and how many those are.
func keys(t *testing.T, objects archive.Objects) (keys []string, quarantine int) {
	t.Helper()
	err := objects.List(t.Context(), func(page []archive.Object) error {
		for _, o := range page {
			if strings.HasPrefix(o.Key, "quarantine/") {
				quarantine++
				continue
			}
			keys = append(keys, o.Key)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(keys)
	return keys, quarantine
}

func put(t *testing.T, store *archive.Store, content string) archive.Info {
	t.Helper()
	info, err := store.Put(t.Context(), strings.NewReader(content), archive.Expect{Size: -1})
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func read(t *testing.T, store *archive.Store, info archive.Info) (string, error) {
	t.Helper()
	content, err := store.Open(t.Context(), info, http.MethodGet)
	if err != nil {
		return "", err
	}
	defer content.Close()
	body, err := io.ReadAll(content.Body)
	return string(body), err
}

// large is more than one piece of an upload.
var large = strings.Repeat("0123456789abcdef", 20<<20/16)

// suite is what a store guarantees wherever its bucket is.
func suite(t *testing.T, url string) {
	plain := open(t, url)
	prefixed := func(name string) *bucket.Objects { return open(t, url+"&prefix="+name) }
	t.Run("what is kept comes back", func(t *testing.T) {
		objects := prefixed("back")
		store := inBucket(t, objects, false)
		for _, content := range []string{"x", "hello", large} {
			info := put(t, store, content)
			if sum := sha256.Sum256([]byte(content)); info.SHA256 != hex.EncodeToString(sum[:]) || info.Size != int64(len(content)) {
				t.Errorf("kept as %+v", info)
			}
			if got, err := read(t, store, info); err != nil || got != content {
				t.Errorf("%d bytes: %d came back, %v", len(content), len(got), err)
			}
			if head, err := store.Open(t.Context(), info, http.MethodHead); err != nil || head.Size != info.Size {
				t.Errorf("HEAD: %v", err)
			}
			if err := store.Verify(t.Context(), info, 0); err != nil {
				t.Error(err)
			}
		}
		if all, _ := keys(t, plain); len(all) != 3 || !strings.HasPrefix(all[0], "back/") {
			t.Errorf("the bucket has %v", all)
		}
	})
	t.Run("what is not there", func(t *testing.T) {
		store := inBucket(t, prefixed("absent"), false)
		absent := archive.Info{SHA256: strings.Repeat("ab", 32), Size: 5}
		for _, redirect := range []bool{true, false} {
			store := inBucket(t, prefixed("absent"), redirect)
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				if _, err := store.Open(t.Context(), absent, method); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("redirect %v, %s: %v", redirect, method, err)
				}
			}
		}
		if err := store.Verify(t.Context(), absent, 0); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("verify: %v", err)
		}
	})
	t.Run("what is cut is not kept", func(t *testing.T) {
		objects := prefixed("cut")
		store := inBucket(t, objects, false)
		broken := io.MultiReader(strings.NewReader(large), iotest.ErrReader(errors.New("connection reset")))
		if _, err := store.Put(t.Context(), broken, archive.Expect{Size: -1}); err == nil {
			t.Error("it was kept")
		}
		if _, err := store.Put(t.Context(), strings.NewReader("abc"), archive.Expect{Size: 4}); err == nil {
			t.Error("it was kept")
		}
		// Bytes that break off on their way from here to the bucket.
		for _, r := range []io.Reader{
			io.MultiReader(strings.NewReader(large), iotest.ErrReader(errors.New("read error"))),
			strings.NewReader(large[:len(large)-1]), strings.NewReader(""),
		} {
			if err := objects.Write(t.Context(), archive.Object{Key: "aa/x", Size: int64(len(large))}, r, false); err == nil {
				t.Error("it was written")
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		err := objects.Write(ctx, archive.Object{Key: "aa/x", Size: int64(len(large))}, io.MultiReader(strings.NewReader(large[:1<<20]), cancelling{cancel}, strings.NewReader(large[1<<20:])), false)
		if err == nil {
			t.Error("it was written although it was cancelled")
		}
		if all, _ := keys(t, objects); len(all) != 0 {
			t.Errorf("the bucket has %v", all)
		}
	})
	t.Run("stored once", func(t *testing.T) {
		objects := prefixed("once")
		var wg sync.WaitGroup
		for range 8 { // several instances
			store := inBucket(t, objects, false)
			wg.Go(func() {
				for i := range 3 {
					if _, err := store.Put(t.Context(), strings.NewReader(fmt.Sprint("same", i)), archive.Expect{Size: -1}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		all, _ := keys(t, objects)
		if len(all) != 3 {
			t.Errorf("the bucket has %v", all)
		}
		was, err := objects.Stat(t.Context(), all[0])
		if err != nil {
			t.Fatal(err)
		}
		if err := objects.Write(t.Context(), archive.Object{Key: all[0], Size: 5}, strings.NewReader("other"), false); err == nil {
			t.Error("what is stored was written over")
		}
		if now, err := objects.Stat(t.Context(), all[0]); err != nil || !now.Changed.Equal(was.Changed) || !bytes.Equal(now.MD5, was.MD5) {
			t.Errorf("it was %+v and is %+v, %v", was, now, err)
		}
	})
	t.Run("damage", func(t *testing.T) {
		objects := prefixed("damage")
		for _, redirect := range []bool{true, false} {
			store := inBucket(t, objects, redirect)
			for i, damaged := range []string{"hell", "hello, and more", "jello"} {
				info := put(t, store, "hello")
				if err := objects.Write(t.Context(), archive.Object{Key: info.SHA256[:2] + "/" + info.SHA256, Size: int64(len(damaged))}, strings.NewReader(damaged), true); err != nil {
					t.Fatal(err)
				}
				var err error
				if len(damaged) == len("hello") {
					err = store.Verify(t.Context(), info, 0)
				} else {
					_, err = store.Open(t.Context(), info, http.MethodGet)
				}
				if found, ok := errors.AsType[*archive.Damaged](err); !ok || found.MovedTo == "" {
					t.Errorf("%q: %v", damaged, err)
				}
				if _, err := store.Open(t.Context(), info, http.MethodGet); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%q is handed out: %v", damaged, err)
				}
				put(t, store, "hello")
				if err := store.Verify(t.Context(), info, 0); err != nil {
					t.Errorf("%q, kept again: %v", damaged, err)
				}
				time.Sleep(time.Millisecond)
				if all, quarantine := keys(t, objects); len(all) != 1 || quarantine == 0 || redirect && quarantine != i+1 {
					t.Errorf("the bucket has %v, and %d in quarantine", all, quarantine)
				}
			}
		}
	})
	t.Run("keeping heals", func(t *testing.T) {
		objects := prefixed("heals")
		store := inBucket(t, objects, false)
		info := put(t, store, "hello")
		if err := objects.Write(t.Context(), archive.Object{Key: info.SHA256[:2] + "/" + info.SHA256, Size: 5}, strings.NewReader("jello"), true); err != nil {
			t.Fatal(err)
		}
		put(t, store, "hello")
		if err := store.Verify(t.Context(), info, 0); err != nil {
			t.Error(err)
		}
	})
	t.Run("signed addresses", func(t *testing.T) { signedAddresses(t, prefixed("signed")) })
	t.Run("clean-up", func(t *testing.T) { cleanUp(t, prefixed("clean")) })
	t.Run("reach", func(t *testing.T) {
		if err := plain.Reach(t.Context()); err != nil {
			t.Error(err)
		}
		if err := open(t, strings.Replace(url, "packages", "elsewhere", 1)).Reach(t.Context()); err == nil {
			t.Error("a bucket that does not exist can be used")
		}
	})
}

// cancelling reads nothing, and cancels.
type cancelling struct{ cancel func() }

func (c cancelling) Read([]byte) (int, error) { c.cancel(); return 0, io.EOF }

// An address works without credentials, for GET, HEAD and ranges, and asks for nothing but its own object.
func signedAddresses(t *testing.T, objects *bucket.Objects) {
	store := inBucket(t, objects, true)
	info := put(t, store, "0123456789")
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		content, err := store.Open(t.Context(), info, method)
		if err != nil || content.Body != nil {
			t.Fatal(err)
		}
		if again, err := store.Open(t.Context(), info, method); err != nil || again.Address != content.Address {
			t.Errorf("asked at once again it is another address: %v", err)
		}
		for asked, want := range map[string]string{"": "0123456789", "bytes=2-4": "234"} {
			r, err := http.NewRequestWithContext(t.Context(), method, content.Address, nil)
			if err != nil {
				t.Fatal(err)
			}
			if asked != "" {
				r.Header.Set("Range", asked)
			}
			response, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(response.Body)
			response.Body.Close()
			if response.StatusCode/100 != 2 || method == http.MethodGet && string(body) != want {
				t.Errorf("%s %q: %s %s", method, asked, response.Status, body)
			}
		}
	}
}

// Of what is old and named by nothing all is deleted; what is named, young, in quarantine or none of the store's is not.
func cleanUp(t *testing.T, objects *bucket.Objects) {
	store := inBucket(t, objects, false)
	named, unnamed := put(t, store, "named"), put(t, store, "unnamed")
	others := []string{"aa/README", "quarantine/" + unnamed.SHA256 + "-x", unnamed.SHA256, "bb/" + unnamed.SHA256}
	for _, key := range others {
		if err := objects.Write(t.Context(), archive.Object{Key: key, Size: 1}, strings.NewReader("x"), true); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(1100 * time.Millisecond) // buckets tell the time in seconds
	for _, grace := range []time.Duration{archive.Grace, 0} {
		n, err := store.Clean(t.Context(), grace, func(keys []string) ([]string, error) {
			return slices.DeleteFunc(keys, func(key string) bool { return key == named.SHA256 }), nil
		})
		if err != nil || grace == 0 && n != 1 || grace > 0 && n != 0 {
			t.Errorf("grace %s: %d deleted, %v", grace, n, err)
		}
	}
	if _, err := read(t, store, unnamed); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what nothing names is there: %v", err)
	}
	if got, err := read(t, store, named); err != nil || got != "named" {
		t.Errorf("what is named: %q, %v", got, err)
	}
	if all, quarantine := keys(t, objects); len(all)+quarantine != 1+len(others) {
		t.Errorf("left are %v and %d in quarantine", all, quarantine)
	}
}
