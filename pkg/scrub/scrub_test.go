package scrub_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/imgfleet/imgfleet/pkg/scrub"
)

func TestWordsLoseWhatMustNotBeShown(t *testing.T) {
	t.Parallel()
	s := scrub.New()
	for text, secret := range map[string]string{
		"Incorrect API key provided: sk-abcdEFGH1234. You can find it":             "abcdEFGH",
		"api_key=0a1b2c3d is unknown":                                              "0a1b2c3d",
		`{"access_key_id":"LTAI5tAbCdEf","x":1}`:                                   "AbCdEf",
		"Authorization: Bearer abc.def refused":                                    "abc.def",
		"token eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl expired":                         "c2lnbmF0dXJl",
		"cannot fetch https://b.example.com/a.jpg?Signature=xY%2B1&Expires=17":     "xY",
		"cannot fetch http://user:pw@proxy.example.com/x":                          "pw",
		"GET /files/photo.jpg?sig=abcdef gave 403":                                 "abcdef",
		"call 138-0013-8000 for help":                                              "8000",
		"call +86 13800138000 for help":                                            "13800138000",
		"write to ops@example.com":                                                 "ops@",
		"the key 3f2504e0-4f89-11d3-9a0c-0305e82c3301 is expired":                  "9a0c",
		"hash 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 no": "9f86d081",
	} {
		if got := s.Words(text); strings.Contains(got, secret) || !strings.Contains(got, scrub.Gone) {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestWordsKeepTheCause(t *testing.T) {
	t.Parallel()
	s := scrub.New()
	for _, text := range []string{
		"vendor answered 401: Invalid API-key provided.",
		"The model or endpoint doubao-seedream-4-0-250828 does not exist or you do not have access to it.",
		"账户余额不足，请充值",
		"dial tcp 10.0.0.7:443: connect: connection refused",
		"Access denied, please make sure your account is in good standing (Arrearage)",
		"parameter size must be one of 1024x1024, 2048x2048",
		"invalid token: expired",
		"POST https://dashscope.aliyuncs.com/api/v1/services/aigc/image2image/image-synthesis: 404",
	} {
		if got := s.Words(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
	if got := s.Code("InvalidParameter.UnsupportedImageFormat"); got != "InvalidParameter.UnsupportedImageFormat" {
		t.Errorf("the code became %q", got)
	}
}

func TestNothingReachesATerminalThatItWouldObey(t *testing.T) {
	t.Parallel()
	s := scrub.New()
	got := s.Words("a\x1b[2Jb\x00c\r\nd\u202ee\u200bf\u009bg")
	if strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsGraphic(r) }) || !strings.Contains(got, "d") {
		t.Errorf("%q", got)
	}
	if got := s.Code("a\x1b]0;x\x07 b"); strings.ContainsAny(got, "\x1b\x07 ") {
		t.Errorf("%q", got)
	}
}

func FuzzWordsAreOneShortLine(f *testing.F) {
	f.Add("a\x1bb\nc")
	f.Add(strings.Repeat("字", 500))
	s := scrub.New()
	f.Fuzz(func(t *testing.T, text string) {
		for most, got := range map[int]string{scrub.MostWords: s.Words(text), scrub.MostCode: s.Code(text), 2 * scrub.MostCode: s.ID(text)} {
			if n := utf8.RuneCountInString(got); n > most || !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsGraphic(r) }) {
				t.Errorf("%q became %q", text, got)
			}
		}
	})
}
