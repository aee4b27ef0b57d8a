package archive

import (
	"bytes"
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path"
	"sync/atomic"
	"time"

	"broker/server/bounded"
)

// Objects are the calls of a bucket, each of which ends by itself within a bound. fs.ErrNotExist where there is no
// object of a key; with any other error the bucket did not do what it was asked.
type Objects interface {
	Stat(ctx context.Context, key string) (Object, error)
	Read(ctx context.Context, key string) (body io.ReadCloser, size int64, err error)
	// Write stores all bytes of a reader or none. It may fail where there is an object already, unless it replaces that.
	Write(ctx context.Context, o Object, r io.Reader, replace bool) error
	Move(ctx context.Context, from, to string) error
	Delete(ctx context.Context, key string) error
	// List hands on all objects, a page at a time.
	List(ctx context.Context, page func([]Object) error) error
	// Link makes an address that needs no credentials for so long, for requests of a method, GET or HEAD.
	Link(ctx context.Context, key, method string, works time.Duration) (string, error)
	// Reach tells whether the bucket can be used.
	Reach(ctx context.Context) error
}

// Object is what a bucket tells of an object.
type Object struct {
	Key     string
	Size    int64  // bytes
	MD5     []byte // nil where the bucket does not know it
	Changed time.Time
}

// Unreachable says that a bucket cannot be used just now.
type Unreachable struct{ Cause error }

func (u *Unreachable) Error() string { return "the archive storage cannot be used: " + u.Cause.Error() }
func (u *Unreachable) Unwrap() error { return u.Cause }

// How addresses are handed out. One is used again for some minutes, in which neither the bucket is asked nor anything
// is signed; whoever gets it last has as long to follow it.
const (
	linkWorks = 10 * time.Minute
	linkKept  = 5 * time.Minute
	linksMost = 20_000 // of about 1 KiB
)

// bucket keeps files in a bucket.
type bucket struct {
	objects  Objects
	redirect bool
	links    *bounded.Map[link, made]
	down     atomic.Pointer[Unreachable] // nil while the bucket can be used, as far as is known
}

// link is what an address was made for.
type link struct {
	info   Info
	method string
}

// made is an address, and when it was made.
type made struct {
	address string
	at      time.Time
}

// InBucket makes a store of a bucket, with a folder for what is on its way there. Where it redirects, clients are sent to
// the bucket; else the bytes pass through here.
func InBucket(objects Objects, dir string, redirect bool) (*Store, error) {
	s, err := Open(dir)
	if err != nil {
		return nil, err
	}
	s.bucket = &bucket{objects: objects, redirect: redirect, links: bounded.New[link, made](linksMost, nil)}
	return s, nil
}

// keyOf is the key of the object of a file.
func keyOf(sha256 string) string { return sha256[:2] + "/" + sha256 }

// unreachable tells what the bucket did wrong from what its caller ended, and from an object that is not there.
func unreachable(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil || errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return &Unreachable{err}
}

// Ready is nil, or the *Unreachable that Watch saw last.
func (s *Store) Ready() error {
	if s.bucket == nil {
		return nil
	}
	return s.bucket.ready()
}

func (b *bucket) ready() error {
	if down := b.down.Load(); down != nil {
		return down
	}
	return nil
}

// How often it is looked whether a bucket can be used, while it can and while it cannot.
const (
	lookWhileUp   = 15 * time.Second
	lookWhileDown = 3 * time.Second
)

// Watch looks whether a bucket can be used, until the context ends. While it cannot, nobody waits for it.
func (s *Store) Watch(ctx context.Context, log *slog.Logger) {
	for s.bucket != nil {
		wait := lookWhileUp
		if s.bucket.look(ctx, log) != nil {
			wait = lookWhileDown
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

func (b *bucket) look(ctx context.Context, log *slog.Logger) error {
	err := b.objects.Reach(ctx)
	switch was := b.down.Load(); {
	case ctx.Err() != nil:
	case err != nil:
		b.down.Store(&Unreachable{err})
		if was == nil {
			log.Error("the archive storage cannot be used; downloads wait for it", "error", err)
		}
	case was != nil:
		b.down.Store(nil)
		log.Info("the archive storage can be used again")
	}
	return err
}

func (b *bucket) open(ctx context.Context, info Info, method string) (*Content, error) {
	if err := b.ready(); err != nil {
		return nil, err
	}
	var content *Content
	var err error
	switch {
	case b.redirect:
		content, err = b.address(ctx, info, method)
	case method == http.MethodHead:
		content, err = &Content{Info: info}, b.present(ctx, info)
	default:
		content, err = b.stream(ctx, info)
	}
	if err != nil {
		return nil, unreachable(ctx, err)
	}
	return content, nil
}

func (b *bucket) address(ctx context.Context, info Info, method string) (*Content, error) {
	if made, ok := b.links.Get(link{info, method}); ok && time.Since(made.at) < linkKept {
		return &Content{Info: info, Address: made.address}, nil
	}
	at := time.Now()
	if err := b.present(ctx, info); err != nil {
		return nil, err
	}
	address, err := b.objects.Link(ctx, keyOf(info.SHA256), method, linkWorks)
	if err != nil {
		return nil, err
	}
	b.links.Set(link{info, method}, made{address, at})
	return &Content{Info: info, Address: address}, nil
}

func (b *bucket) stream(ctx context.Context, info Info) (*Content, error) {
	body, size, err := b.objects.Read(ctx, keyOf(info.SHA256))
	if err != nil {
		return nil, err
	}
	if size == info.Size {
		return &Content{Info: info, Body: body}, nil
	}
	body.Close()
	if err := b.present(ctx, info); err != nil {
		return nil, err
	}
	return nil, errors.New(wrongSize(size, info.Size) + " as it is read, and not as it is listed")
}

// present looks whether an object is there in its size. That it has another one is believed when both its head and its
// body say so.
func (b *bucket) present(ctx context.Context, info Info) error {
	found, err := b.objects.Stat(ctx, keyOf(info.SHA256))
	if err != nil || found.Size == info.Size {
		return err
	}
	body, size, err := b.objects.Read(ctx, keyOf(info.SHA256))
	if err != nil {
		return err
	}
	body.Close()
	if size != found.Size {
		return fmt.Errorf("it has %d bytes as it is listed, and %d as it is read", found.Size, size)
	}
	return b.aside(ctx, info, wrongSize(size, info.Size))
}

// aside moves an object to quarantine, where an operator may look at it.
func (b *bucket) aside(ctx context.Context, info Info, reason string) error {
	damaged := &Damaged{SHA256: info.SHA256, Reason: reason}
	to := path.Join("quarantine", asideName(info.SHA256))
	if err := b.objects.Move(ctx, keyOf(info.SHA256), to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &Unreachable{fmt.Errorf("%s, and cannot be moved aside: %w", damaged, err)}
	}
	b.forget(info)
	damaged.MovedTo = to
	return damaged
}

func (b *bucket) forget(info Info) {
	b.links.Delete(link{info, http.MethodGet})
	b.links.Delete(link{info, http.MethodHead})
}

// keep stores a file that is whole, unless it is there. One that has been there for long is stored anew, so that a
// clean-up that finds it named by nothing just now takes it for a new one.
func (b *bucket) keep(ctx context.Context, file *os.File, info Info) error {
	sum := md5.New()
	if _, err := io.Copy(sum, io.NewSectionReader(file, 0, info.Size)); err != nil {
		return err
	}
	o := Object{Key: keyOf(info.SHA256), Size: info.Size, MD5: sum.Sum(nil)}
	found, err := b.objects.Stat(ctx, o.Key)
	if err == nil && found.same(o) && time.Since(found.Changed) < Grace/2 {
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return unreachable(ctx, err)
	}
	replace := err == nil
	write := func(replace bool) error {
		return b.objects.Write(ctx, o, io.NewSectionReader(file, 0, info.Size), replace)
	}
	err = write(replace)
	if err != nil && !replace {
		// Somebody else may have stored it at the same time; or the bucket knows no conditions.
		if found, err := b.objects.Stat(ctx, o.Key); err == nil && found.Size == o.Size {
			return nil
		}
		err = write(true)
	}
	if err != nil {
		return unreachable(ctx, err)
	}
	found, err = b.objects.Stat(ctx, o.Key)
	if errors.Is(err, fs.ErrNotExist) || err == nil && found.Size != o.Size {
		err = &Unreachable{errors.New("it took an object and does not have it")}
	}
	return unreachable(ctx, err)
}

// same tells whether an object is, as far as is known, what another one says.
func (o Object) same(other Object) bool {
	return o.Size == other.Size && (o.MD5 == nil || bytes.Equal(o.MD5, other.MD5))
}

// Verify reads a stored file whole, at most so many bytes a second; 0 is as fast as it goes. What Open says of one that
// is not there or damaged, Verify does, and finds other bytes of the same size as well.
func (s *Store) Verify(ctx context.Context, info Info, bytesPerSecond int64) error {
	if s.bucket == nil {
		return s.verify(ctx, info.SHA256, bytesPerSecond)
	}
	return unreachable(ctx, s.bucket.verify(ctx, info, bytesPerSecond))
}

// verify believes a bucket that it has other bytes only the second time.
func (b *bucket) verify(ctx context.Context, info Info, bytesPerSecond int64) error {
	var got string
	for range 2 {
		body, _, err := b.objects.Read(ctx, keyOf(info.SHA256))
		if err != nil {
			return err
		}
		got, err = digestOf(ctx, body, bytesPerSecond)
		body.Close()
		if err != nil || got == info.SHA256 {
			return err
		}
	}
	return b.aside(ctx, info, wrongDigest(got))
}

// eachOld hands on the keys of files that are older than a grace.
func (b *bucket) eachOld(ctx context.Context, grace time.Duration, do func(keys []string) error) error {
	err := b.objects.List(ctx, func(page []Object) error {
		var old []string
		for _, o := range page {
			if key := path.Base(o.Key); validKey(key) && o.Key == keyOf(key) && time.Since(o.Changed) > grace {
				old = append(old, key)
			}
		}
		if len(old) == 0 {
			return nil
		}
		return do(old)
	})
	return unreachable(ctx, err)
}

func (b *bucket) deleteOld(ctx context.Context, key string, grace time.Duration) error {
	found, err := b.objects.Stat(ctx, keyOf(key))
	if err == nil && time.Since(found.Changed) > grace {
		err = b.objects.Delete(ctx, keyOf(key))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return unreachable(ctx, err)
}
