package task

import (
	"strings"
	"testing"
)

func TestABrandMarkIsOneShortLineOfCharactersThatEveryFontHas(t *testing.T) {
	t.Parallel()
	for words, good := range map[string]bool{
		"春茶节 2026": true, "ACME™": true, "A&B": true, "《山海经》": true, "龙井·西湖": true, "№": false,
		"": false, " 春": false, "春\n": false, "…": false, "🍵": false, "囧": false, "日本語かな": false, "\u202eAB": false, "ab\x00": false, "\xff": false,
		strings.Repeat("春", 16): true, strings.Repeat("春", 17): false,
	} {
		if ValidBrandMark(words) != good {
			t.Errorf("%q: valid is %v", words, !good)
		}
	}
}

func FuzzValidBrandMark(f *testing.F) {
	f.Add("春茶节 2026")
	f.Add("a\xff")
	f.Fuzz(func(t *testing.T, words string) {
		if ValidBrandMark(words) && (strings.ContainsAny(words, "\r\n\t\x00") || len(words) > 4*MaxBrandMark) {
			t.Errorf("%q was taken", words)
		}
	})
}
