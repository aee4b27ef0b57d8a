package export

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// How a file is sent: a client that takes nothing for as long as stalledFor, over so many rows, is cut off.
const (
	rowsAtOnce = 500
	stalledFor = 30 * time.Second
)

// file is a CSV file (RFC 4180), or, without columns, one of JSON Lines (jsonlines.org), that is sent as it is written.
// It begins with the first row, so that an error before that can still be told.
type file struct {
	w       http.ResponseWriter
	csv     *csv.Writer
	name    string
	columns []string
	begun   bool
	rows    int
}

func newFile(w http.ResponseWriter, name string, columns []string) *file {
	f := &file{w: w, csv: csv.NewWriter(w), name: name, columns: columns}
	f.csv.UseCRLF = true
	return f
}

// row writes a row: of texts, whole numbers and times.
func (f *file) row(cells ...any) error {
	if err := f.begin(); err != nil {
		return err
	}
	record := make([]string, len(cells))
	for i, cell := range cells {
		record[i] = text(cell)
	}
	f.rows++
	if f.rows%rowsAtOnce == 0 {
		if err := f.flush(); err != nil {
			return err
		}
	}
	return f.csv.Write(record)
}

// line writes a value as a line of JSON.
func (f *file) line(value any) error {
	if err := f.begin(); err != nil {
		return err
	}
	if f.rows++; f.rows%rowsAtOnce == 0 {
		if err := f.patience(); err != nil {
			return err
		}
	}
	return json.NewEncoder(f.w).Encode(value)
}

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

func (f *file) begin() error {
	if f.begun {
		return nil
	}
	f.begun = true
	header := f.w.Header()
	header.Set("Content-Type", "text/csv; charset=utf-8; header=present")
	if f.columns == nil {
		header.Set("Content-Type", "application/jsonl; charset=utf-8")
	}
	header.Set("Content-Disposition", `attachment; filename="`+f.name+`"`)
	header.Set("Cache-Control", "private, no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	if err := f.patience(); err != nil || f.columns == nil {
		return err
	}
	return f.csv.Write(f.columns)
}

// end writes what is left; a file without rows has its columns.
func (f *file) end() error {
	if err := f.begin(); err != nil {
		return err
	}
	if err := f.flush(); err != nil {
		return err
	}
	return ignoreUnsupported(http.NewResponseController(f.w).SetWriteDeadline(time.Time{}))
}

func (f *file) flush() error {
	if err := f.patience(); err != nil {
		return err
	}
	f.csv.Flush()
	return f.csv.Error()
}

// patience gives the client its time anew.
func (f *file) patience() error {
	return ignoreUnsupported(http.NewResponseController(f.w).SetWriteDeadline(time.Now().Add(stalledFor)))
}

func ignoreUnsupported(err error) error {
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return err
}
