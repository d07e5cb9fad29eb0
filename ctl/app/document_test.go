package app

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/ctl/terminal"
)

func document(text string) (string, error) {
	a := &App{Streams: &terminal.Streams{In: strings.NewReader(text), Out: io.Discard, Err: io.Discard}}
	raw, err := a.ReadDocument("-")
	return string(raw), err
}

func TestYAMLAndJSONAreReadAlike(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"a": [1, 2.5, true, null, "x"]}`: `{"a":[1,2.5,true,null,"x"]}`,
		"a: 2026-11-01\nb: \"1\"\nc: 水墨":   `{"a":"2026-11-01","b":"1","c":"水墨"}`,
		"1: x":                             `{"1":"x"}`,
	} {
		if got, err := document(text); err != nil || got != want {
			t.Errorf("%q: %s, %v", text, got, err)
		}
	}
}

func TestDocumentsThatAreNoneSayWhere(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                           "is empty",
		"a: 1\na: 2":                 "given twice",
		"a: &x [1]\nb: *x":           "line 2: aliases",
		"a: .nan":                    "line 1",
		"a: [":                       "line 1",
		strings.Repeat("[", 100):     "",
		strings.Repeat("a", 1<<20+1): "larger than 1 MiB",
		strings.Repeat("[", 40) + strings.Repeat("]", 40): "nested too deeply",
	} {
		if _, err := document(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v, want %q", text, err, want)
		}
	}
}

func FuzzDocumentsBecomeJSON(f *testing.F) {
	f.Add("a: 1\nb: [x, {y: 2026-01-01}]")
	f.Add(`{"styles": [{"id": "ink"}]}`)
	f.Add("? [a]\n: b\n!!binary x: !!float y")
	f.Fuzz(func(t *testing.T, text string) {
		if raw, err := document(text); err == nil && !json.Valid([]byte(raw)) {
			t.Errorf("%q became %q", text, raw)
		}
	})
}
