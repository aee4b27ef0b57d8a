package fold_test

import (
	"testing"
	"unicode/utf8"

	"broker/server/fold"
)

// Texts that people hold to be the same word are folded alike, whatever their script.
func TestFoldedAlike(t *testing.T) {
	t.Parallel()
	for _, words := range [][]string{
		{"Größe ÄRZTE", "größe ärzte", "GRÖSSE ÄRZTE", "gro\u0308sse a\u0308rzte"},
		{"МОСКВА", "москва", "Москва"}, {"ΟΔΥΣΣΕΥΣ", "οδυσσευς", "οδυσσευσ"},
		{"ﬁle", "FILE"}, {"ＡＢＣ", "abc"}, {"ԵՐԵՎԱՆ", "երեվան"}, {"Acme/LIB", "acme/lib"}, {"ᏣᎳᎩ ᏸ", "ꮳꮃꭹ ᏸ", "ꮳꮃꭹ Ᏸ"},
	} {
		for _, word := range words {
			if got, want := fold.Text(word), fold.Text(words[0]); got != want {
				t.Errorf("%q is %q, %q is %q", word, got, words[0], want)
			}
		}
	}
	for _, different := range [][2]string{{"a", "ä"}, {"и", "й"}, {"東京", "京都"}, {"o", "0"}} {
		if fold.Text(different[0]) == fold.Text(different[1]) {
			t.Errorf("%q and %q are alike", different[0], different[1])
		}
	}
}

// Folding is stable, and what comes out is fit for a database.
func FuzzText(f *testing.F) {
	for _, s := range []string{"", "Größe", "\xff", "İ", "ŉ", "ᾳ", "ΐ", "Ǆ", "\u0345\u0300", "ẞ", "힣", "a\u0323\u0307"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := fold.Text(s)
		if twice := fold.Text(once); twice != once {
			t.Errorf("%q is %q, then %q", s, once, twice)
		}
		if !utf8.ValidString(once) {
			t.Errorf("%q is %q, which is no UTF-8", s, once)
		}
	})
}
