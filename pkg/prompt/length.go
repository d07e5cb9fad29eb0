package prompt

import (
	"unicode"
	"unicode/utf8"
)

// Unit is how a vendor counts the length of a text.
type Unit string

const (
	// Characters are Unicode characters: a Chinese one, a letter, a digit and
	// a sign count 1 each.
	Characters Unit = "characters"
	// Tokens are estimated from above, since no vendor publishes its
	// tokeniser as a library: a character outside ASCII counts 2 (Chinese 1),
	// a word 1 for every three letters begun, a sign 1.
	Tokens Unit = "tokens"
	// HalfCharacters are how advice such as "300 Chinese characters or 600
	// English words" adds up for mixed text: a Chinese character counts 2, a
	// word of other letters 1, signs nothing.
	HalfCharacters Unit = "half-characters"
)

// Limit is the longest text a model reads.
type Limit struct {
	Most int
	Unit Unit
}

// Count is the length of a text in this unit.
func (u Unit) Count(s string) int {
	switch u {
	case Tokens:
		return counted(s, 1, 2, func(letters int) int { return (letters + 2) / 3 }, 1)
	case HalfCharacters:
		return counted(s, 2, 1, func(int) int { return 1 }, 0)
	default:
		return utf8.RuneCountInString(s)
	}
}

// counted adds up a text: Chinese characters, other characters outside ASCII,
// words of ASCII letters and digits, and signs.
func counted(s string, han, other int, word func(letters int) int, sign int) int {
	n, letters := 0, 0
	end := func() {
		if letters > 0 {
			n, letters = n+word(letters), 0
		}
	}
	for _, r := range s {
		switch {
		case r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)):
			letters++
			continue
		case unicode.Is(unicode.Han, r):
			n += han
		case unicode.IsSpace(r):
		case r >= utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsSymbol(r)):
			n += other
		default:
			n += sign
		}
		end()
	}
	end()
	return n
}
