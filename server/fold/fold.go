// Package fold makes texts alike that differ by case or by how their letters are composed, in every script, and finds
// one in another. It folds here and not in the database: SQLite's lower() knows ASCII alone, and PostgreSQL's what the
// locale of the database knows, in C none.
package fold

import (
	"strings"
	"unicode/utf8"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Text folds a text: full case folding of Unicode (ß is ss, ς is σ), and compatibility composition (ﬁ is fi, and an
// ä is one letter). What is no UTF-8 is replaced.
func Text(s string) string {
	if plain(s) {
		return strings.ToLower(s)
	}
	s = norm.NFKC.String(strings.ToValidUTF8(s, "\uFFFD"))
	return norm.NFKC.String(strings.Map(cherokee, cases.Fold().String(s)))
}

// cherokee folds the small letters of Cherokee to the capitals, as Unicode does (CaseFolding.txt), where it is the other
// way around in every other script; cases.Fold turns each into the other.
func cherokee(r rune) rune {
	switch {
	case r >= 0xAB70 && r <= 0xABBF:
		return r - 0xAB70 + 0x13A0
	case r >= 0x13F8 && r <= 0x13FD:
		return r - 8
	}
	return r
}

// plain tells a text of ASCII alone.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// Lines folds texts to search in together. What is looked for has no line break, and so is found in one of them.
func Lines(texts ...string) string {
	folded := make([]string, len(texts))
	for i, text := range texts {
		folded[i] = Text(text)
	}
	return strings.Join(folded, "\n")
}

// Contains selects the rows that have a text in a folded column. Nothing in it is a wildcard. What no column can have
// is in none.
func Contains[P ~func(*sql.Selector)](column, text string) P {
	text = Text(text)
	return func(s *sql.Selector) {
		if strings.ContainsRune(text, 0) {
			s.Where(sql.False())
			return
		}
		find := "instr("
		if s.Dialect() == dialect.Postgres {
			find = "strpos("
		}
		in := s.C(column)
		s.Where(sql.P(func(b *sql.Builder) { b.WriteString(find + in + ", ").Arg(text).WriteString(") > 0") }))
	}
}
