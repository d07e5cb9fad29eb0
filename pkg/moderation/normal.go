package moderation

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// legible is what a person sees: line breaks and tabs stay, every other control
// character goes, and so do the invisible ones that turn the direction of text
// or stand between digits. Only emoji are joined by one that is kept.
func legible(s string) string {
	all := []rune(strings.ReplaceAll(s, "\r\n", "\n"))
	keep := all[:0]
	for i, r := range all {
		switch {
		case r == '\n', r == '\t':
		case r == joiner && 0 < i && i+1 < len(all) && pictorial(all[i-1]) && pictorial(all[i+1]):
		case unicode.Is(unicode.Cc, r), unicode.Is(unicode.Cf, r):
			continue
		}
		keep = append(keep, r)
	}
	return string(keep)
}

const joiner = '\u200d'

// pictorial reports whether a character may be joined to an emoji.
func pictorial(r rune) bool {
	return unicode.Is(unicode.So, r) || unicode.Is(unicode.Sk, r) || unicode.Is(unicode.Variation_Selector, r)
}

// fold removes differences that only look: width, case, compatibility forms,
// combining marks and invisible characters.
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

// squeezed keeps letters and digits only. It removes signs that stand between
// Chinese characters to hide a word.
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
