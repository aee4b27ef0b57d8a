package secret

import "strings"

// Redact replaces secrets within a text that a caller sent, such as an address or a User-Agent, by their hints. What
// has a secret's shape is taken for one, whatever its prefix and its checksum: a mistyped one shows most of the right one.
// A text without any is returned as it is.
func Redact(text string) string {
	at := nextSecret(text, 0)
	if at < 0 {
		return text
	}
	var b strings.Builder
	kept := 0
	for ; at >= 0; at = nextSecret(text, kept) {
		b.WriteString(text[kept:at])
		kept = at + bodyLength + sumLength
		b.WriteString("…" + text[kept-4:kept])
	}
	b.WriteString(text[kept:])
	return b.String()
}

// nextSecret finds, from a place on, where the random part of a secret begins; -1 where there is none.
func nextSecret(text string, from int) int {
	const mark = len("_ro_")
	for i := from; ; i++ {
		next := strings.IndexByte(text[i:], '_')
		if next < 0 {
			return -1
		}
		i += next
		begin, end := i+mark, i+mark+bodyLength+sumLength
		if end > len(text) {
			return -1
		}
		isMark := text[i:begin] == "_"+string(ReadOnly)+"_" || text[i:begin] == "_"+string(Write)+"_"
		if isMark && i > 0 && alphanumeric(text[i-1:i]) && alphanumeric(text[begin:end]) {
			return begin
		}
	}
}
