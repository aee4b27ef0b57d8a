package catalog

import (
	"bytes"
	"io"

	"github.com/klauspost/compress/gzip"
)

// packer makes documents and gzips them, in memory that is used again: it is large.
type packer struct {
	document []byte // as it was rendered last
	packed   bytes.Buffer
	gzip     *gzip.Writer
}

func newPacker() *packer {
	w, err := gzip.NewWriterLevel(nil, gzip.DefaultCompression)
	if err != nil { // the level is valid
		panic(err)
	}
	return &packer{gzip: w}
}

// packerMax is how much memory is kept for another document, in bytes.
const packerMax = 1 << 20

// packing has something be done with a packer.
func (c *Catalog) packing(do func(*packer)) {
	p := c.packers.Get().(*packer)
	do(p)
	if cap(p.document) <= packerMax && p.packed.Cap() <= packerMax {
		c.packers.Put(p)
	}
}

// compress gzips bytes that are kept and served many times.
func (c *Catalog) compress(body []byte) (packed []byte) {
	c.packing(func(p *packer) { packed = p.compress(body) })
	return packed
}

// Compress gzips bytes as documents are, now and then.
func Compress(body []byte) []byte { return newPacker().compress(body) }

func (p *packer) compress(body []byte) []byte {
	p.packed.Reset()
	p.gzip.Reset(&p.packed)
	p.gzip.Write(body) // into memory: it cannot fail
	p.gzip.Close()
	return bytes.Clone(p.packed.Bytes())
}

// Decompress undoes it; size is how many bytes it gives.
func Decompress(packed []byte, size int) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	body := make([]byte, size)
	_, err = io.ReadFull(r, body)
	return body, err
}
