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
	w := c.packers.Get().(*gzip.Writer)
	defer c.packers.Put(w)
	return compressBy(w, body)
}

// Compress gzips bytes as documents are, now and then.
func Compress(body []byte) []byte { return compressBy(newPacker(), body) }

func compressBy(w *gzip.Writer, body []byte) []byte {
	var b bytes.Buffer
	w.Reset(&b)
	w.Write(body) // into memory: it cannot fail
	w.Close()
	return bytes.Clone(b.Bytes())
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
