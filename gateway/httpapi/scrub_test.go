package httpapi

import (
	"strings"
	"testing"
)

func TestReportsOfPagesTellNothingPrivate(t *testing.T) {
	t.Parallel()
	const (
		id  = "01JDXK7Q3N8W2M5V9R4T6Y1Z0A"
		mac = "k3J9x_Qm2-Zp7LrT5vWy8NbC1dFgH4sAeUiOoPlKjMn"
	)
	for text, secret := range map[string]string{
		"GET https://h/tasks/x/events?ticket=" + id + ".s1." + mac: "ticket",
		"at /uploads/tus/a." + id + "." + id + ".s1x." + mac:       mac,
		"socket " + id + ".s1." + mac + " closed":                  id,
		"Authorization: bearer abc":                                "abc",
		"token eyJhbGciOi.eyJzdWIi.x failed":                       "eyJ",
		"https%3A%2F%2Fh%2Fa%3Fmac%3Dabc":                          "abc",
		"code ABCDE-FGHJK is wrong":                                "FGHJK",
		"code ABCDEFGHJK is wrong":                                 "ABCDE",
		"call 13812345678":                                         "138",
		"call +86 138-1234-5678 now":                               "1234",
		"call 8613812345678":                                       "138",
		"call +1 415 555 2671":                                     "555",
		"call 010-12345678":                                        "1234",
		"card 11010519491231002X":                                  "1949",
		"mail zhang.san@example.com":                               "zhang",
	} {
		if got := scrub(text); strings.Contains(got, secret) || !strings.Contains(got, "…") {
			t.Errorf("%q became %q", text, got)
		}
	}
	for _, text := range []string{
		"TypeError: Cannot read properties of undefined (reading 'naturalWidth')",
		"handleUploadProgressEventOfTheOldPage@https://h/assets/imgfleet.js:12:3456",
		"at 1764405600123 in 300 ms, status 503, 1280x720",
		"上传失败：网络断开",
	} {
		if got := scrub(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func FuzzReportsOfPages(f *testing.F) {
	f.Add("at https://h/a?b=c")
	f.Fuzz(func(t *testing.T, text string) {
		if got := scrub(text); len(got) > maxReportBytes+len("…") || strings.Contains(got, "?") {
			t.Errorf("%q became %q", text, got)
		}
	})
}
