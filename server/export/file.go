package export

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// How a file is sent: a client that takes less than a part within stalledFor is cut off, and so is one that needs
// longer than sendFor for all.
const (
	partSize   = 256 << 10 // bytes
	stalledFor = 30 * time.Second
	sendFor    = 30 * time.Minute
)

// file is a CSV file (RFC 4180), or, without columns, one of JSON Lines (jsonlines.org). It is made whole before the
// first byte is sent: an error can be told, and who has it knows that it is all of it.
type file struct {
	spool   spool
	buffer  *bufio.Writer // of the spool
	csv     *csv.Writer
	lines   *json.Encoder
	name    string
	columns []string
}

func newFile(dir, name string, columns []string) (*file, error) {
	f := &file{spool: spool{dir: dir, max: fileMax}, name: name, columns: columns}
	f.buffer = bufio.NewWriterSize(&f.spool, 64<<10)
	f.lines = json.NewEncoder(f.buffer)
	f.csv = csv.NewWriter(f.buffer)
	f.csv.UseCRLF = true
	if columns == nil {
		return f, nil
	}
	return f, f.csv.Write(columns)
}

// row writes a row: of texts, whole numbers and times.
func (f *file) row(cells ...any) error {
	record := make([]string, len(cells))
	for i, cell := range cells {
		record[i] = text(cell)
	}
	return f.csv.Write(record)
}

// line writes a value as a line of JSON.
func (f *file) line(value any) error { return f.lines.Encode(value) }

func text(cell any) string {
	switch c := cell.(type) {
	case int64:
		return strconv.FormatInt(c, 10)
	case time.Time:
		return c.UTC().Format(time.RFC3339)
	default:
		return harmless(c.(string))
	}
}

// harmless keeps a spreadsheet from taking a text for a formula: descriptions and clients' names for themselves are
// strangers' words. See OWASP, CSV Injection.
func harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n", rune(s[0])) {
		return "'" + s
	}
	return s
}

// end writes what is left into the spool.
func (f *file) end() error {
	f.csv.Flush()
	return errors.Join(f.csv.Error(), f.buffer.Flush())
}

// send answers with the file.
func (f *file) send(w http.ResponseWriter) error {
	content, err := f.spool.reader()
	if err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", "text/csv; charset=utf-8; header=present")
	if f.columns == nil {
		header.Set("Content-Type", "application/jsonl; charset=utf-8")
	}
	header.Set("Content-Disposition", `attachment; filename="`+f.name+`"`)
	header.Set("Content-Length", strconv.FormatInt(f.spool.size, 10))
	header.Set("Cache-Control", "private, no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	return inParts(w, content)
}

// inParts copies, giving the client its time anew for each part, within that for all.
func inParts(w http.ResponseWriter, content io.Reader) error {
	control, until := http.NewResponseController(w), time.Now().Add(sendFor)
	for {
		deadline := time.Now().Add(stalledFor)
		if deadline.After(until) {
			deadline = until
		}
		if err := ignoreUnsupported(control.SetWriteDeadline(deadline)); err != nil {
			return err
		}
		switch n, err := io.CopyN(w, content, partSize); {
		case errors.Is(err, io.EOF):
			return ignoreUnsupported(control.SetWriteDeadline(time.Time{}))
		case err != nil || n == 0:
			return err
		}
	}
}

func ignoreUnsupported(err error) error {
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return err
}
