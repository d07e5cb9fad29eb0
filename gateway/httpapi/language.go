package httpapi

import (
	"strconv"
	"strings"
)

// The languages of our users.
const (
	chinese = "zh-CN"
	english = "en"
)

// pickLanguage reads Accept-Language: whichever of our languages it prefers,
// Chinese when it names neither.
func pickLanguage(accept string) string {
	best, bestQ := chinese, 0.0
	for part := range strings.SplitSeq(accept, ",") {
		tag, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		q := quality(params)
		if q <= bestQ {
			continue
		}
		switch primary, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-"); primary {
		case "zh":
			best, bestQ = chinese, q
		case "en":
			best, bestQ = english, q
		}
	}
	return best
}

func quality(params string) float64 {
	name, value, ok := strings.Cut(strings.TrimSpace(params), "=")
	if !ok || strings.TrimSpace(name) != "q" {
		return 1
	}
	q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || q < 0 || q > 1 {
		return 0
	}
	return q
}
