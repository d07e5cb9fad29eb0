package moderation

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	ahocorasick "github.com/BobuSumisu/aho-corasick"
	"golang.org/x/text/unicode/norm"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

//go:embed words.txt
var builtin string

// Text judges and masks what people write. It is safe for concurrent use.
type Text struct {
	han      *ahocorasick.Trie // over squeezed text
	innocent *ahocorasick.Trie // over squeezed text; what it covers is no find of han
	words    *ahocorasick.Trie // over separated text
	mask     maskers
}

// NewText builds the rules: the built-in words and the operator's.
func NewText(cfg Config) (*Text, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	list, err := cfg.all()
	if err != nil {
		return nil, err
	}
	han, words, innocent := ahocorasick.NewTrieBuilder(), ahocorasick.NewTrieBuilder(), ahocorasick.NewTrieBuilder()
	for _, w := range list {
		switch exception, ok := strings.CutPrefix(w, "!"); {
		case ok:
			innocent.AddString(squeezed(exception))
		case hasHan(w):
			han.AddString(squeezed(w))
		default:
			words.AddString(separated(w))
		}
	}
	return &Text{han: han.Build(), words: words.Build(), innocent: innocent.Build(), mask: newMaskers()}, nil
}

// Check returns text without control characters, and with personal numbers and
// addresses masked; or refuses it with fault.NoteRefused. It does not say which
// word it was: the writer would try others. It is judged as it was written and
// as it will be read, because a number may stand within a word.
func (t *Text) Check(_ context.Context, text string) (string, error) {
	clean := norm.NFKC.String(legible(text))
	masked := t.mask.mask(clean)
	if t.judge(text) || t.judge(clean) || t.judge(masked) {
		return "", fault.Wrap(fault.NoteRefused, fmt.Errorf("a rule refuses a text of %d bytes", len(text)))
	}
	return masked, nil
}

// judge reports whether a rule refuses a text.
func (t *Text) judge(text string) bool {
	return t.refuses(squeezed(text)) || t.words.MatchFirstString(separated(text)) != nil
}

// refuses looks for a word that no innocent phrase around it explains.
// Chinese has no spaces: 彩色情侣装 holds 色情 and is a couple's outfit.
func (t *Text) refuses(s string) bool {
	finds := t.han.MatchString(s)
	if len(finds) == 0 {
		return false
	}
	innocent := t.innocent.MatchString(s)
	for _, f := range finds {
		covers := func(i *ahocorasick.Match) bool {
			return i.Pos() <= f.Pos() && f.Pos()+int64(len(f.Match())) <= i.Pos()+int64(len(i.Match()))
		}
		if !slices.ContainsFunc(innocent, covers) {
			return true
		}
	}
	return false
}
