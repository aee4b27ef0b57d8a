package catalog

import (
	"bytes"
	"io"

	"github.com/klauspost/compress/gzip"
)

// newPacker makes what gzips; it is large, and used again.
func newPacker() *gzip.Writer {
	w, err := gzip.NewWriterLevel(nil, gzip.DefaultCompression)
	if err != nil { // the level is valid
		panic(err)
	}
	return w
}

// compress gzips bytes that are kept and served many times.
func (c *Catalog) compress(body []byte) []byte {
	var b bytes.Buffer
	w := c.packers.Get().(*gzip.Writer)
	defer c.packers.Put(w)
	w.Reset(&b)
	w.Write(body) // into memory: it cannot fail
	w.Close()
	return bytes.Clone(b.Bytes())
}

// decompress undoes compress; size is how many bytes it gives.
func decompress(packed []byte, size int) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	body := make([]byte, size)
	_, err = io.ReadFull(r, body)
	return body, err
}
