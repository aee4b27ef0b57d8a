package catalog

import (
	"bytes"

	"github.com/klauspost/compress/gzip"
)

// compress gzips bytes that are kept and served many times.
func compress(body []byte) []byte {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.DefaultCompression)
	if err != nil { // the level is valid
		panic(err)
	}
	w.Write(body) // into memory: it cannot fail
	w.Close()
	return b.Bytes()
}
