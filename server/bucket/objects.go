package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"broker/server/archive"
)

// The bounds of calls. The clouds' libraries try again by themselves within them.
const (
	callFor   = 10 * time.Second // one without bytes
	listFor   = 30 * time.Second // a page of a list
	moveFor   = 2 * time.Minute  // a copy within the bucket
	stallFor  = 30 * time.Second // between two pieces of what is read
	leastRate = 512 << 10        // bytes a second, of what is written
	pieces    = 8 << 20          // bytes of a piece of what is written
	atOnce    = 2                // pieces that are under way
	pageSize  = 1000             // objects
)

// Objects are the objects of a bucket, by archive's keys. Safe for concurrent use.
type Objects struct {
	bucket *blob.Bucket
	prefix string
	link   func(ctx context.Context, key, method string, works time.Duration) (string, error)
}

var _ archive.Objects = (*Objects)(nil)

// told is an error as archive wants it.
func told(err error) error {
	if gcerrors.Code(err) == gcerrors.NotFound {
		return fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	}
	return err
}

// Stat implements archive.Objects.
func (o *Objects) Stat(ctx context.Context, key string) (archive.Object, error) {
	ctx, cancel := context.WithTimeout(ctx, callFor)
	defer cancel()
	found, err := o.bucket.Attributes(ctx, o.prefix+key)
	if err != nil {
		return archive.Object{}, told(err)
	}
	if found.ModTime.IsZero() {
		return archive.Object{}, errNotBucket
	}
	return archive.Object{Key: key, Size: found.Size, MD5: found.MD5, Changed: found.ModTime}, nil
}

// Read implements archive.Objects.
func (o *Objects) Read(ctx context.Context, key string) (io.ReadCloser, int64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	stall := time.AfterFunc(callFor, func() { cancel(errStalled) })
	body, err := o.bucket.NewReader(ctx, o.prefix+key, nil)
	if err != nil {
		stall.Stop()
		defer cancel(nil)
		return nil, 0, told(stalled(ctx, err))
	}
	opened := &reader{ctx, cancel, stall, body}
	if body.ModTime().IsZero() {
		opened.Close()
		return nil, 0, errNotBucket
	}
	return opened, body.Size(), nil
}

var (
	errStalled = errors.New("it stopped sending")
	// An object has a date; what is sent in its place by a proxy, such as a page to sign in, has none.
	errNotBucket = errors.New("something else than the bucket answered in its place")
)

func stalled(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), errStalled) {
		return errStalled
	}
	return err
}

// reader ends once nothing comes for a while.
type reader struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	stall  *time.Timer
	body   *blob.Reader
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	r.stall.Reset(stallFor)
	n, err := r.body.Read(p)
	if err != nil && err != io.EOF {
		err = stalled(r.ctx, err)
	}
	return n, err
}

// Close implements io.Closer.
func (r *reader) Close() error {
	r.stall.Stop()
	defer r.cancel(nil)
	return r.body.Close()
}

// Write implements archive.Objects.
func (o *Objects) Write(ctx context.Context, object archive.Object, r io.Reader, replace bool) error {
	ctx, cancel := context.WithTimeout(ctx, callFor+time.Duration(object.Size/leastRate)*time.Second)
	defer cancel()
	// Not by a Writer, whose Close stores what was written so far unless it was cancelled before, and whose driver of Azure
	// then panics.
	err := o.bucket.Upload(ctx, o.prefix+object.Key, &exactly{r, object.Size, cancel}, &blob.WriterOptions{
		BufferSize: pieces, MaxConcurrency: atOnce, IfNotExist: !replace,
		// What people open in a browser is saved, whatever its bytes look like.
		ContentType: "application/octet-stream", ContentDisposition: "attachment",
		CacheControl: "private, max-age=31536000, immutable",
	})
	if err == nil {
		err = ctx.Err()
	}
	return err
}

// exactly reads as many bytes as are said, or fails, and cancels what they are read for.
type exactly struct {
	r      io.Reader
	left   int64 // bytes
	cancel func()
}

// Read implements io.Reader.
func (e *exactly) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	e.left -= int64(n)
	if err == io.EOF && e.left != 0 {
		err = io.ErrUnexpectedEOF
	}
	if err != nil && err != io.EOF {
		e.cancel()
	}
	return n, err
}

// Move implements archive.Objects.
func (o *Objects) Move(ctx context.Context, from, to string) error {
	ctx, cancel := context.WithTimeout(ctx, moveFor)
	defer cancel()
	if err := o.bucket.Copy(ctx, o.prefix+to, o.prefix+from, nil); err != nil {
		return told(err)
	}
	return o.Delete(ctx, from)
}

// Delete implements archive.Objects.
func (o *Objects) Delete(ctx context.Context, key string) error {
	ctx, cancel := context.WithTimeout(ctx, callFor)
	defer cancel()
	return told(o.bucket.Delete(ctx, o.prefix+key))
}

// List implements archive.Objects.
func (o *Objects) List(ctx context.Context, page func([]archive.Object) error) error {
	for token := blob.FirstPageToken; ; {
		objects, next, err := o.page(ctx, token)
		if err != nil {
			return err
		}
		if err := page(objects); err != nil || len(next) == 0 {
			return err
		}
		token = next
	}
}

func (o *Objects) page(ctx context.Context, token []byte) (objects []archive.Object, next []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, listFor)
	defer cancel()
	listed, next, err := o.bucket.ListPage(ctx, token, pageSize, &blob.ListOptions{Prefix: o.prefix})
	for _, found := range listed {
		objects = append(objects, archive.Object{Key: found.Key[len(o.prefix):], Size: found.Size, MD5: found.MD5, Changed: found.ModTime})
	}
	return objects, next, err
}

// Link implements archive.Objects.
func (o *Objects) Link(ctx context.Context, key, method string, works time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, callFor)
	defer cancel()
	return o.link(ctx, o.prefix+key, method, works)
}

// Reach implements archive.Objects.
func (o *Objects) Reach(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callFor)
	defer cancel()
	_, _, err := o.bucket.ListPage(ctx, blob.FirstPageToken, 1, &blob.ListOptions{Prefix: o.prefix})
	if gcerrors.Code(err) == gcerrors.NotFound {
		err = fmt.Errorf("there is no such bucket: %w", err)
	}
	return err
}
