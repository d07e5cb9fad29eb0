package httpapi

import "strings"

// matchesStrongly compares If-Match with a tag: a weak tag never matches.
func matchesStrongly(header, tag string) bool {
	for part := range strings.SplitSeq(header, ",") {
		if part = strings.TrimSpace(part); part == "*" || part == tag && !strings.HasPrefix(tag, "W/") {
			return true
		}
	}
	return false
}

// matches compares If-None-Match with a tag, weakly, as RFC 9110 asks.
func matches(header, tag string) bool {
	header = strings.TrimSpace(header)
	if header == "" {
		return false
	}
	if header == "*" {
		return true
	}
	want := strings.TrimPrefix(tag, "W/")
	for part := range strings.SplitSeq(header, ",") {
		if strings.TrimPrefix(strings.TrimSpace(part), "W/") == want {
			return true
		}
	}
	return false
}
