package moderation

import (
	"regexp"
	"strings"
)

// maskers find numbers and addresses that identify people. Order matters:
// longer ones first.
type maskers []*regexp.Regexp

func newMaskers() maskers {
	return maskers{
		regexp.MustCompile(`[\pL\pN._%+-]+@[\pL\pN-]+(?:\.[\pL\pN-]+)+`),      // e-mail
		regexp.MustCompile(`\d{6}[ -]?\d{8}[ -]?\d{3}[\dXx]`),                 // resident identity card
		regexp.MustCompile(`\d(?:[ -]?\d){14,18}`),                            // bank card
		regexp.MustCompile(`(?:\+?86[ -]?)?1[3-9]\d(?:[ -]?\d){8}`),           // mobile phone
		regexp.MustCompile(`\+\d{1,3}(?:[ -]?\d){6,12}`),                      // phone abroad
		regexp.MustCompile(`0\d{2,3}[ -]\d{7,8}`),                             // land line
		regexp.MustCompile(`(?i)(?:qq|微信|weixin|wechat|vx)[:： ]*[\w-]{5,20}`), // messengers
		regexp.MustCompile(`\d{7,}`),                                          // any long number
	}
}

// mask replaces each find by a fixed number of stars, which hides its length
// too.
func (m maskers) mask(s string) string {
	for _, re := range m {
		s = re.ReplaceAllString(s, "***")
	}
	return strings.TrimSpace(s)
}
