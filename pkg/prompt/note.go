package prompt

import (
	"regexp"
	"sort"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

const (
	maxNote = 200 // characters
	minNote = 6   // fewer are not worth a sentence around them
	signs   = ",.!?;'-%&+，。！？；、…·~～"
)

// cleaner reduces a person's note to plain words about a picture. Whether the
// words are allowed is decided by moderation. The cleaner makes sure that the
// note cannot be more than words between quotes: it removes signs that end a
// quote, open a tag or set a parameter or a weight, and sentences that talk to
// the model about its instructions.
type cleaner struct {
	syntax []*regexp.Regexp // replaced by their first group
	orders orders
}

func newCleaner() *cleaner {
	c := &cleaner{orders: newOrders()}
	for _, s := range []string{
		`<[^<>]*>?()`, // tags, <lora:…>, <|im_start|>
		`[(\[{]+([^()\[\]{}:]*):+\s*[-+]?[\d.]+\s*[)\]}]*`,                  // weights: (x:1.5)
		`:{2,}\s*[-+]?[\d.]*()`,                                             // weights: x::2
		`(?:^|\s)[-–—−]{1,3}\s*[\pL][\pL\pN_-]*(?:[ =:]+-?\d[\d.:x×/]*)*()`, // --ar 16:9, —seed 1
		`(?:https?|ftp|file|data|javascript):\S*()`,
		`(?i)\bwww\.\S+()`,
		`(?i)(?:\b(?:system|assistant|user|developer|human|ai|tool|inst|sys|role|prompt|instructions?)|系统|用户|助手|角色|提示词|指令|设定|开发者)\s*[:=>]+()`,
		`(?i)\b[a-z]+[_-](?:seed|steps?|cfg|scale|guidance|strength|size|ratio|aspect|style|prompt|quality|watermark|sampler|model|denoise|n|ar|format|resolution)\s*[:=]+\s*\S*()`,
		`(?i)\b(?:seed|steps?|cfg|scale|guidance|strength|size|ratio|aspect|style|prompt|quality|watermark|sampler|model|denoise|n|ar|format|resolution)\s*[:=]+\s*\S*()`,
		`(?:风格|尺寸|比例|种子|步数|水印|强度|负面|反向|负向|画质|分辨率|模型|数量)[\pL]{0,3}\s*[:=]+\s*\S*()`,
	} {
		c.syntax = append(c.syntax, regexp.MustCompile(s))
	}
	return c
}

// clean returns what of a note may stand between quotes, "" when nothing may.
func (c *cleaner) clean(note string) string {
	note = firstRunes(strings.ToValidUTF8(note, ""), 2*maxNote) // nobody may send so much
	s := c.obedient(visible(norm.NFKC.String(note)))
	for _, re := range c.syntax {
		s = re.ReplaceAllString(s, " $1 ")
	}
	s = plainWords(c.obedient(s)) // syntax can stand between the words of an order
	if c.orders.in(s) {           // spread over several clauses
		return ""
	}
	return firstRunes(s, maxNote)
}

// obedient leaves out the clauses that talk to the model about its orders.
func (c *cleaner) obedient(s string) string {
	var kept strings.Builder
	for _, clause := range clauses(s) {
		if !c.orders.in(clause) {
			kept.WriteString(clause)
		}
	}
	return kept.String()
}

// visible drops invisible characters: controls, joiners, marks of direction,
// characters without a meaning. Line ends are all alike.
func visible(s string) string {
	marks := 0
	return strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune("\n\r\v\f\u0085\u2028\u2029", r):
			marks = 0
			return '\n'
		case unicode.IsSpace(r):
			marks = 0
			return ' '
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs, unicode.Variation_Selector):
			return -1
		case unicode.Is(unicode.M, r):
			if marks++; marks > 2 { // no script needs more on one letter
				return -1
			}
			return r
		}
		marks = 0
		return r
	}, s)
}

// clauses cuts a text behind each sign that ends a thought.
func clauses(s string) []string {
	var out []string
	start := 0
	for i, r := range s {
		if strings.ContainsRune("\n.!?;,。！？；，、…", r) {
			end := i + len(string(r))
			out = append(out, s[start:end])
			start = end
		}
	}
	return append(out, s[start:])
}

// plainWords keeps letters, digits, emoji, and a few signs that neither end a
// quote nor open anything.
func plainWords(s string) string {
	var b strings.Builder
	space := true
	last := rune(0)
	for _, r := range s {
		ok := unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.Is(unicode.M, r) || emoji(r) || strings.ContainsRune(signs, r)
		if ok && strings.ContainsRune(signs, r) && r == last { // no "--", no "''"
			continue
		}
		if !ok {
			if !space {
				b.WriteByte(' ')
			}
			space, last = true, ' '
			continue
		}
		b.WriteRune(r)
		space, last = false, r
	}
	return strings.Trim(b.String(), " "+signs)
}

// emoji reports whether r is a picture; the signs of programs and drawings
// that share its category are not.
func emoji(r rune) bool {
	return unicode.Is(unicode.So, r) && (r >= 0x1F300 && r < 0x1FB00 || r >= 0x2600 && r < 0x27C0)
}

func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return strings.TrimSpace(s[:i])
		}
		n--
	}
	return s
}

// quote is the sentence that carries a note, with as much of the note as
// there is room for; "" when that is too little to say anything.
func quote(l Language, note string, u Unit, room int) (section, kept string) {
	w := words(l)
	frame := func(n int) string { return w.before + firstRunes(note, n) + w.after }
	whole := len([]rune(note))
	n := sort.Search(whole, func(n int) bool { return u.Count(frame(n+1)) > room })
	if n < min(minNote, whole) {
		return "", ""
	}
	section, kept = frame(n), firstRunes(note, n)
	return section, kept
}
