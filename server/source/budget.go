package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"golang.org/x/sync/semaphore"

	"broker/server/background"
	"broker/server/safehttp"
)

// The largest answers, in bytes, unpacked: a root with all it includes, and both documents of a package.
const (
	rootMax     = 64 << 20
	documentMax = 32 << 20
)

// Budget bounds the memory and the processors that all syncs of a process use for what they read. Most documents are small and take a
// small share at once. Only one large list and one large document are in memory at a time; the others wait.
type Budget struct {
	lists, documents share
	parsing          *background.Places
}

// share is a kind's part of the budget. What is read costs more than its bytes: for a while there are two copies of a
// list, and three of a document, which is rendered as well.
type share struct {
	memory *semaphore.Weighted
	copies int64
	small  int64      // bytes that are read at the first price
	most   int64      // bytes that may be read at all
	bodies *sync.Pool // of *[]byte, for what is read at the first price; nil: what is read is kept for long
}

// atOnce is how many small ones there may be beside a large one; more wait.
const atOnce = 64

// NewBudget makes the budget of a process, which parses in these places.
func NewBudget(parsing *background.Places) *Budget {
	of := func(copies, small, most int64) share {
		return share{memory: semaphore.NewWeighted(copies * (most + atOnce*small)), copies: copies, small: small, most: most}
	}
	b := &Budget{
		lists: of(2, 512<<10, rootMax), documents: of(3, 256<<10, documentMax),
		parsing: parsing,
	}
	b.documents.bodies = &sync.Pool{New: func() any { return new([]byte) }}
	return b
}

// hold is what one list, or one package, has of the budget. It grows once, from the small price to that of the largest:
// nobody waits who has more than the small price, or a connection, so that those who wait never wait for each other.
type hold struct {
	share
	taken int64     // of the memory
	read  int64     // bytes
	own   []*[]byte // bodies, which others have once it is given back
}

func (s share) hold(ctx context.Context) (*hold, error) {
	if err := s.memory.Acquire(ctx, s.copies*s.small); err != nil {
		return nil, err
	}
	return &hold{share: s, taken: s.copies * s.small}, nil
}

// answer is what a source answered, read whole.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// errMore says that an answer is larger than the small price is for.
var errMore = errors.New("more memory is needed")

// get asks, and reads the answer whole, together with what was read before. Should it be large, it is asked for again
// once there is memory for it: nobody waits for memory who keeps a connection from others meanwhile.
func (h *hold) get(ctx context.Context, ask func() (*safehttp.Response, error)) (answer, error) {
	before := h.read
	for {
		a, err := h.try(ask)
		if !errors.Is(err, errMore) {
			return a, err
		}
		h.read = before
		whole := h.copies * h.most
		if err := h.memory.Acquire(ctx, whole-h.taken); err != nil {
			return answer{}, err
		}
		h.taken = whole
	}
}

// more takes the memory of bytes that are read piece by piece.
func (h *hold) more(ctx context.Context, bytes int64) error {
	if h.read += bytes; h.read > h.most {
		return fmt.Errorf("%w: what is read of it is larger than %d MiB", ErrUnusable, h.most>>20)
	}
	if whole := h.copies * h.most; h.read > h.small && h.taken < whole {
		if err := h.memory.Acquire(ctx, whole-h.taken); err != nil {
			return err
		}
		h.taken = whole
	}
	return nil
}

func (h *hold) try(ask func() (*safehttp.Response, error)) (answer, error) {
	response, err := ask()
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	a := answer{status: response.Status, header: response.Header}
	if a.status != http.StatusNotModified {
		a.body, err = h.readAll(response)
	}
	return a, err
}

// readAll reads a body. One that breaks off, or is empty, is of a source that cannot be reached.
func (h *hold) readAll(response *safehttp.Response) ([]byte, error) {
	small := h.taken < h.copies*h.most
	body := h.body(min(max(response.ContentLength+1, 4<<10), h.small+1))
	defer func() { h.keep(body) }()
	for {
		if len(body) == cap(body) {
			body = append(body, 0)[:len(body)]
		}
		n, err := response.Body.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		h.read += int64(n)
		switch {
		case h.read > h.most:
			return nil, fmt.Errorf("%w: it is larger than %d MiB", ErrUnusable, h.most>>20)
		case small && h.read > h.small:
			return nil, errMore
		case err == io.EOF && len(body) == 0:
			return nil, fmt.Errorf("%w: its answer is empty", ErrUnavailable)
		case err == io.EOF:
			return body, nil
		case err != nil:
			return nil, fmt.Errorf("%w: its answer broke off: %w", ErrUnavailable, err)
		}
	}
}

// body is memory for so many bytes, and none of them yet.
func (h *hold) body(bytes int64) []byte {
	if h.bodies == nil {
		return make([]byte, 0, bytes)
	}
	body := h.bodies.Get().(*[]byte)
	h.own = append(h.own, body)
	if int64(cap(*body)) < bytes {
		*body = make([]byte, 0, bytes)
	}
	return (*body)[:0]
}

// keep notes what became of the last body.
func (h *hold) keep(body []byte) {
	if h.bodies == nil {
		return
	}
	if int64(cap(body)) > 2*h.small { // a large one, which nobody else is likely to need
		body = nil
	}
	*h.own[len(h.own)-1] = body
}

// settle gives back what is not needed for what was read, when all was read, and returns how the rest is given back. What
// was read is then overwritten by others.
func (h *hold) settle() (release func()) {
	if need := max(h.copies*h.read, h.copies*h.small); need < h.taken {
		h.memory.Release(h.taken - need)
		h.taken = need
	}
	return sync.OnceFunc(func() {
		for _, body := range h.own {
			h.bodies.Put(body)
		}
		h.memory.Release(h.taken)
	})
}
