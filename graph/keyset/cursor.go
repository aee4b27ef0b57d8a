package keyset

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"broker/ent"
	"broker/server/fault"
)

// cursorMax bounds a cursor, in bytes: the longest text that a list is ordered by is much shorter.
const cursorMax = 16 << 10

// position is what a cursor holds: of which list and order it is, and the very values that the list is ordered by.
type position struct {
	List   string  `json:"l"`
	Order  string  `json:"o,omitempty"`
	Text   *string `json:"t,omitempty"`
	Number *int64  `json:"n,omitempty"`
	Time   *string `json:"w,omitempty"`
	ID     string  `json:"i"`

	value any // the one of Text, Number and Time that is there
}

func (of Of[T]) cursor(row *T) ent.Cursor {
	p := position{List: of.Name, Order: of.Order, ID: of.ID(row)}
	if of.Key.column != "" {
		switch value := of.Key.of(row).(type) {
		case string:
			p.Text = &value
		case int64:
			p.Number = &value
		case time.Time:
			written := value.UTC().Format(time.RFC3339Nano)
			p.Time = &written
		}
	}
	return p.cursor()
}

func (p position) cursor() ent.Cursor {
	written, err := json.Marshal(p)
	if err != nil {
		panic(err) // texts and a number
	}
	return ent.Cursor{ID: base64.RawURLEncoding.EncodeToString(written)}
}

// position reads the cursor of an argument; nil for none. One that this list did not give, in this order, is a
// *fault.Invalid.
func (of Of[T]) position(argument string, c *ent.Cursor) (*position, error) {
	if c == nil {
		return nil, nil
	}
	p, err := read(argument, c, of.Name)
	if err != nil {
		return nil, err
	}
	if p.Order != of.Order {
		return nil, fault.Invalidf(argument, "This cursor is of another order. Begin again, without one.")
	}
	if !of.holds(p) {
		return nil, notOurs(argument)
	}
	return p, nil
}

// holds tells whether a position has the value that the list is ordered by, and no other.
func (of Of[T]) holds(p *position) bool {
	kinds := []kind{}
	for kind, is := range map[kind]bool{words: p.Text != nil, number: p.Number != nil, instant: p.Time != nil} {
		if is {
			kinds = append(kinds, kind)
		}
	}
	if of.Key.column == "" || len(kinds) == 0 {
		return len(kinds) == 0 && (of.Key.column == "" || of.Key.absent != 0)
	}
	return len(kinds) == 1 && kinds[0] == of.Key.kind
}

// read is what a cursor of the list with this name holds.
func read(argument string, c *ent.Cursor, name string) (*position, error) {
	if len(c.ID) > cursorMax {
		return nil, notOurs(argument)
	}
	written, err := base64.RawURLEncoding.Strict().DecodeString(c.ID)
	if err != nil {
		return nil, notOurs(argument)
	}
	var p position
	decoder := json.NewDecoder(strings.NewReader(string(written)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&p); err != nil || decoder.More() {
		return nil, notOurs(argument)
	}
	if p.List != name {
		return nil, fault.Invalidf(argument, "This cursor is of another connection.")
	}
	switch {
	case p.Text != nil:
		p.value = *p.Text
	case p.Number != nil:
		p.value = *p.Number
	case p.Time != nil:
		at, err := time.Parse(time.RFC3339Nano, *p.Time)
		if at = at.UTC(); err != nil || at.Year() < 1 || at.Year() > 9999 {
			return nil, notOurs(argument)
		}
		p.value = at
	}
	if !kept(p.ID) || p.Text != nil && !kept(*p.Text) || p.ID == "" {
		return nil, notOurs(argument)
	}
	return &p, nil
}

// kept tells a text that a database can be asked for.
func kept(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

func notOurs(argument string) error {
	return fault.Invalidf(argument, "This is not a cursor of this connection.")
}

// Cursor is the cursor of a list that has its own keys.
func Cursor(name, key string) ent.Cursor { return position{List: name, ID: key}.cursor() }

// ReadKey is the key in a cursor of such a list; empty for none. A cursor of another is a *fault.Invalid.
func ReadKey(argument string, c *ent.Cursor, name string) (string, error) {
	if c == nil {
		return "", nil
	}
	p, err := read(argument, c, name)
	if err != nil {
		return "", err
	}
	if p.Order != "" || p.value != nil {
		return "", notOurs(argument)
	}
	return p.ID, nil
}
