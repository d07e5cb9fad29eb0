package task

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// MaxBrandMark is how many characters a brand mark has at most: what is still
// read in the corner of a picture on a phone.
const MaxBrandMark = 16

// ValidBrandMark reports whether words can be drawn into pictures as the mark
// of a campaign: one line of characters that every worker's font has, which is
// ASCII and the signs, full-width forms and Chinese characters of GB 2312.
func ValidBrandMark(words string) bool {
	if words == "" || strings.TrimSpace(words) != words || utf8.RuneCountInString(words) > MaxBrandMark || !utf8.ValidString(words) {
		return false
	}
	return !strings.ContainsFunc(words, func(r rune) bool { return !drawable(r) }) &&
		strings.ContainsFunc(words, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
}

func drawable(r rune) bool {
	if r < utf8.RuneSelf {
		return unicode.IsPrint(r)
	}
	if strings.ContainsRune("©®™", r) {
		return true
	}
	// Two bytes in seven bits between "~{" and "~}": its row and its column.
	code, err := simplifiedchinese.HZGB2312.NewEncoder().String(string(r))
	if err != nil || len(code) < 4 {
		return false
	}
	row := code[2] | 0x80
	return row == 0xa1 || row == 0xa3 || unicode.Is(unicode.Han, r)
}
