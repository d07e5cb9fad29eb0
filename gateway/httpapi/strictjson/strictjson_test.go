package strictjson

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// read is a request with every type of field.
func read(body []byte) (string, error) {
	o, err := Parse(body)
	if err != nil {
		return "", err
	}
	id := o.String("id", Required)
	_ = o.StringPtr("style")
	_ = o.Int("seed", Optional)
	_ = o.Float("cfg")
	_ = o.Bool("ok")
	if in := o.Object("options"); in != nil {
		_ = in.Int("steps", Optional)
	}
	return id, o.Err()
}

func TestAGoodBodyIsRead(t *testing.T) {
	t.Parallel()
	id, err := read([]byte(` {"id":"a\u00e9","seed":0,"cfg":1e1,"ok":true,"style":null,"options":{"steps":3}} `))
	if err != nil || id != "aé" {
		t.Fatalf("got %q, %v", id, err)
	}
}

func TestFaultsPointAtTheirField(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ body, pointer, code string }{
		"missing":           {`{}`, "/id", "required"},
		"nothing at all":    {``, "/id", "required"},
		"empty":             {`{"id":""}`, "/id", "required"},
		"null":              {`{"id":null}`, "/id", "required"},
		"wrong type":        {`{"id":3}`, "/id", "wrong_type"},
		"unknown":           {`{"id":"a","x/y~z":1}`, "/x~1y~0z", "unknown_field"},
		"unknown in nested": {`{"id":"a","options":{"step":1}}`, "/options/step", "unknown_field"},
		"wrong in nested":   {`{"id":"a","options":{"steps":"1"}}`, "/options/steps", "wrong_type"},
		"fraction":          {`{"id":"a","seed":1.5}`, "/seed", "wrong_type"},
		"fine fraction":     {`{"id":"a","seed":9007199254740993.5}`, "/seed", "wrong_type"},
		"huge float":        {`{"id":"a","cfg":1e999}`, "/cfg", "wrong_type"},
		"duplicate":         {`{"id":"a","options":{"steps":1,"steps":2}}`, "/options", "duplicate_key"},
		"trailing":          {`{"id":"a"}{}`, "", "syntax"},
		"trailing garbage":  {`{"id":"a"}x`, "", "syntax"},
		"NaN":               {`{"id":"a","cfg":NaN}`, "", "syntax"},
		"control character": {"{\"id\":\"a\x01\"}", "", "syntax"},
		"invalid UTF-8":     {"{\"id\":\"\xff\"}", "", "invalid_utf8"},
		"not an object":     {`[]`, "", "wrong_type"},
		"a bare null":       {`null`, "", "wrong_type"},
		"deep":              {`{"id":` + strings.Repeat("[", 2000) + strings.Repeat("]", 2000) + `}`, "/id/0/0/0/0/0/0/0", "too_deep"},
		"many":              {`{"id":[` + strings.Repeat("1,", 2000) + `1]}`, "", "too_many_values"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := read([]byte(c.body))
			f := fault.As(err)
			if f == nil || f.Kind != fault.Invalid || len(f.Violations) == 0 {
				t.Fatalf("got %v, want an invalid request with a violation", err)
			}
			if v := f.Violations[0]; v.Pointer != c.pointer || string(v.Code) != c.code {
				t.Errorf("got %s at %q, want %s at %q", v.Code, v.Pointer, c.code, c.pointer)
			}
		})
	}
}

func TestWholeNumbersAreWhatTheyAreWorth(t *testing.T) {
	t.Parallel()
	for literal, want := range map[string]int64{
		"100": 100, "100.0": 100, "1e2": 100, "-0": 0, "99999999999999999999": math.MaxInt64, "-99999999999999999999": math.MinInt64,
	} {
		o, err := Parse([]byte(`{"seed":` + literal + `}`))
		if err != nil {
			t.Fatal(err)
		}
		if n := o.Int("seed", Required); n == nil || *n != want {
			t.Errorf("%s: got %v, want %d (%v)", literal, n, want, o.Err())
		}
	}
}

func TestEveryFaultIsReportedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := read([]byte(`{"seed":"x","cfg":[],"nope":1}`))
	if got := len(fault.As(err).Violations); got != 4 {
		t.Errorf("%d violations, want 4: %v", got, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`{"id":"a","options":{"steps":1}}`, `{"id":"\ud800"}`, `{"a":[{}]}`, "{\"id\":\"\xff\"}", `{"id":1e-400}`, `{"":1,"":2}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		id, err := read(body)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Fatalf("kind %v, want invalid", fault.KindOf(err))
			}
			return
		}
		var into struct{ ID string }
		if jsonErr := json.Unmarshal(body, &into); jsonErr != nil || !utf8.Valid(body) {
			t.Fatalf("accepted what encoding/json refuses: %q: %v", body, jsonErr)
		}
		if strings.Count(string(body), "\\") == 0 && into.ID != id && !strings.Contains(strings.ToLower(strings.Replace(string(body), `"id"`, "", 1)), `"id"`) {
			t.Fatalf("read %q, encoding/json reads %q from %q", id, into.ID, body)
		}
	})
}
