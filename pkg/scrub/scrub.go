package scrub

import (
	"regexp"
	"strings"
	"unicode"
)

// Gone stands for what was taken out.
const Gone = "…"

// MostCode is how long a vendor's code may be, in runes.
const MostCode = 64

// MostWords is the same of its words.
const MostWords = 200

// finds are what words must not hold, each with what stays of it. The order
// matters: an address loses its query before its parts are looked at.
func finds() [][2]string {
	return [][2]string{
		{`(?i)\b(https?://)[^\s/@"'<>]+@`, `${1}` + Gone + `@`},        // user and password
		{`(?i)\b(https?://[^\s?#"'<>]*)[?#][^\s"'<>]*`, `${1}` + Gone}, // queries hold tickets and signatures
		{`[?&][\w.-]+=[^\s"'<>]*`, Gone},                               // of an address without its host
		{`(?i)\b(bearer|basic)\s+\S+`, `${1} ` + Gone},
		{`eyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?`, Gone}, // JSON web tokens
		{`(?i)\b((?:api|access|secret|private|signing|auth)?[-_ ]?(?:key|secret|token|signature|password|passwd|credential)(?:[-_ ]?id)?)(["']?\s*[:=]\s*["']?)[^\s"',;)}\]]*\d[^\s"',;)}\]]*`, `${1}${2}` + Gone},
		{`(?i)\b(?:sk|pk|rk|ak|whsec|bce-v\d)[-_/][\w./+-]{6,}`, Gone}, // keys as vendors write them
		{`\b(?:AKIA|AKID|LTAI|ALTAK)[\w-]{6,}`, Gone},
		{`(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`, Gone}, // some vendors' keys look so
		{`[\w.+-]+@[\w-]+(?:\.[\w-]+)+`, Gone},                                         // e-mail
		{`\b\d{17}[\dXx]\b`, Gone},                                                     // resident identity cards
		{`(?:\+|\b)(?:86[ -]?)?1[3-9]\d(?:[ -]?\d){8}\b`, Gone},                        // mobile phones
		{`\+\d{1,3}(?:[ -]?\d){6,12}\b`, Gone}, {`\b0\d{2,3}[ -]?\d{7,8}\b`, Gone},     // phones abroad, land lines
	}
}

// Scrubber takes out what must not be shown. The zero value does not work.
type Scrubber struct {
	finds []find
	long  *regexp.Regexp
}

type find struct {
	is    *regexp.Regexp
	stays string
}

// New makes a scrubber; it may be shared.
func New() *Scrubber {
	s := &Scrubber{long: regexp.MustCompile(`[\w+=%~]{16,}`)}
	for _, f := range finds() {
		s.finds = append(s.finds, find{regexp.MustCompile(f[0]), f[1]})
	}
	return s
}

// Words makes a vendor's words fit to be kept and shown: one line, without
// secrets, at most MostWords long.
func (s *Scrubber) Words(text string) string {
	text = line(text, 8*MostWords)
	for _, f := range s.finds {
		text = f.is.ReplaceAllString(text, f.stays)
	}
	return short(s.opaque(text), MostWords)
}

// Code is Words for a vendor's code, which has no spaces.
func (s *Scrubber) Code(text string) string {
	text = strings.ReplaceAll(line(text, 8*MostCode), " ", "_")
	for _, f := range s.finds {
		text = f.is.ReplaceAllString(text, f.stays)
	}
	return short(s.opaque(text), MostCode)
}

// ID bounds an id that a vendor gave: it is opaque by nature and no secret.
func (s *Scrubber) ID(text string) string {
	return short(strings.ReplaceAll(line(text, 8*MostCode), " ", "_"), 2*MostCode)
}

// opaque takes out long words of letters and digits mixed: keys, signatures and
// tokens are such. The names of models have dashes between their parts.
func (s *Scrubber) opaque(text string) string {
	return s.long.ReplaceAllStringFunc(text, func(word string) string {
		if strings.ContainsAny(word, "0123456789") && strings.ContainsFunc(word, unicode.IsLetter) {
			return Gone
		}
		return word
	})
}

// line makes one line of text and drops what a terminal would obey: control
// characters, and marks that are not seen but change how others are shown.
func line(text string, most int) string {
	var b strings.Builder
	n, space := 0, false
	for _, r := range strings.ToValidUTF8(text, "") {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r):
			space = b.Len() > 0
			continue
		case !unicode.IsGraphic(r): // Cf: bidi marks, joiners; Co, Cn
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
		if n++; n == most {
			break
		}
	}
	return b.String()
}

func short(text string, most int) string {
	if r := []rune(text); len(r) > most {
		return strings.TrimSpace(string(r[:most-1])) + Gone
	}
	return text
}
