package httpapi

import (
	"regexp"
	"strings"
)

// private are the parts of a page's report that must not reach a log: what lets
// somebody in, and what names somebody.
var private = regexp.MustCompile(strings.Join([]string{
	`(?i:bearer\s+\S+)`,
	`eyJ[\w-]+\.[\w-]+\.[\w-]*`,
	`(?i:[?#]|%3f|%23)[^\s"')]*`,                               // queries and fragments hold tickets and signatures
	`\b[2-9A-HJKMNP-Z]{5}[ -]?[2-9A-HJKMNP-Z]{5}\b`,            // link codes
	`[\w.+-]+@[\w-]+(?:\.[\w-]+)+`,                             // e-mail addresses
	`\b\d{17}[\dXx]\b`,                                         // resident identity cards
	`(?:\+|\b)(?:86[ -]?)?1[3-9]\d(?:[ -]?\d){8}\b`,            // mobile phones
	`\+\d{1,3}(?:[ -]?\d){6,12}\b`, `\b0\d{2,3}[ -]?\d{7,8}\b`, // phones abroad, land lines
}, "|"))

// opaque are long words. With a digit they are ids, keys and signatures.
var opaque = regexp.MustCompile(`[\w-]{20,}`)

const maxReportBytes = 500

// scrub shortens what a page reports and takes out what is private.
func scrub(text string) string {
	text = private.ReplaceAllString(text, "…")
	text = opaque.ReplaceAllStringFunc(text, func(word string) string {
		if strings.ContainsAny(word, "0123456789") {
			return "…"
		}
		return word
	})
	if len(text) <= maxReportBytes {
		return text
	}
	cut := maxReportBytes
	for cut > 0 && text[cut]&0xC0 == 0x80 {
		cut--
	}
	return text[:cut] + "…"
}
