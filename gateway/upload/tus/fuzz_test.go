package tus

import (
	"encoding/base64"
	"os"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/gateway/policy"
)

func limited(n int64) func() policy.Limits {
	return func() policy.Limits { return policy.Limits{MaxUploadBytes: n} }
}

func appendTo(path, s string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if _, err := f.WriteString(s); err != nil {
		return err
	}
	return f.Close()
}

func FuzzMetadata(f *testing.F) {
	for _, s := range []string{"", metadata, "a", "a ,b", "a YQ==,a YQ==", " a YQ== , b ", "\x00 YQ==", "é YQ=="} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		got, err := parseMetadata(header)
		if err != nil {
			return
		}
		pairs := make([]string, 0, len(got))
		for key, value := range got {
			if key == "" || strings.ContainsAny(key, " ,") {
				t.Errorf("key %q", key)
			}
			pairs = append(pairs, key+" "+base64.StdEncoding.EncodeToString([]byte(value)))
			parseConsent(value)
		}
		again, err := parseMetadata(strings.Join(pairs, ","))
		if len(header) < maxMetadata/2 && (err != nil || len(again) != len(got)) {
			t.Errorf("%q: %v, then %v, %v", header, got, again, err)
		}
	})
}

func FuzzLocation(f *testing.F) {
	h := &Handler{deps: Deps{Keys: ring{}}}
	f.Add("a.b.c.d")
	f.Add("....")
	f.Fuzz(func(t *testing.T, token string) {
		if _, _, err := h.verify(t.Context(), token); err == nil {
			t.Errorf("%q passed", token)
		}
	})
}

func FuzzChecksum(f *testing.F) {
	f.Add("sha1 2jmj7l5rSw0yVb/vlWAYkK/YBwk=")
	f.Add("sha256 x")
	f.Fuzz(func(_ *testing.T, header string) { _, _ = parseChecksum(header) })
}
