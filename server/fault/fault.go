// Package fault is the errors that an edge may show to its caller. Whatever else comes up is internal: the caller gets
// a fixed sentence, the log the error.
package fault

import "fmt"

// Invalid is input that breaks a rule; Message says what is wrong with which field and what would be right. At says where
// within a field that is a list, such as 1.versions; empty: with all of it.
type Invalid struct{ Field, Message, At string }

func (e *Invalid) Error() string { return e.Message }

// Invalidf makes an Invalid.
func Invalidf(field, format string, args ...any) *Invalid {
	return &Invalid{Field: field, Message: fmt.Sprintf(format, args...)}
}

// NotFound is an id or name that nothing here has.
type NotFound struct{ What, ID string }

func (e *NotFound) Error() string { return fmt.Sprintf("There is no %s %q.", e.What, e.ID) }

// Conflict is a change that something else stands against; ID names it where it has one.
type Conflict struct{ Message, ID string }

func (e *Conflict) Error() string { return e.Message }

// Forbidden is something the caller may not do; Field names the part of the input it is about, where it is one.
type Forbidden struct{ Message, Field string }

func (e *Forbidden) Error() string { return e.Message }

// Unauthenticated is a caller who is not, or no longer, known.
type Unauthenticated struct{ Message string }

func (e *Unauthenticated) Error() string { return e.Message }

// Busy is a request that is right but must wait; the caller may try again.
type Busy struct{ Message string }

func (e *Busy) Error() string { return e.Message }
