package moderation

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// fold takes away what only looks different: width, case, compatibility
// forms, combining marks and characters that nobody sees.
func fold(s string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(s) {
		if unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Cc, r) && !unicode.IsSpace(r) {
			continue
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return norm.NFC.String(b.String())
}

// squeezed keeps letters and digits only: what stands between Chinese
// characters to hide a word is gone.
func squeezed(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, fold(s))
}

// separated splits into words, with one space around each: " like this ".
// Letters that stand alone are joined, so that "b o m b" is " bomb ". It is
// "" when there is no word.
func separated(s string) string {
	words := strings.FieldsFunc(fold(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	var b strings.Builder
	alone := false
	for _, w := range words {
		single := len(w) == 1
		if !single || !alone {
			b.WriteByte(' ')
		}
		b.WriteString(w)
		alone = single
	}
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	return b.String()
}

// hasHan reports whether a word is written in characters, which have no
// spaces between words.
func hasHan(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) })
}
