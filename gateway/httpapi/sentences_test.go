package httpapi

import (
	"strconv"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/fault/faulttest"
)

func TestEveryCodeHasASentenceInBothLanguages(t *testing.T) {
	t.Parallel()
	s, err := loadSentences()
	if err != nil {
		t.Fatal(err)
	}
	for name, code := range faulttest.Codes(t) {
		if text := s[string(code)]; code.Public() && code != fault.PictureRefused && (text.ZH == "" || text.EN == "") {
			t.Errorf("fault.%s: code %q has no sentence in sentences.json", name, code)
		}
	}
	for k := fault.Internal; k <= fault.Canceled; k++ {
		for _, prefix := range []string{"kind:", "title:"} {
			if text, ok := s[prefix+k.String()]; !ok || text.ZH == "" || text.EN == "" {
				t.Errorf("kind %v has no %s", k, prefix)
			}
		}
	}
}

func TestInternalFailuresTellNothing(t *testing.T) {
	t.Parallel()
	s, err := loadSentences()
	if err != nil {
		t.Fatal(err)
	}
	f := fault.Wrap(fault.ObjectKeyInvalid, strconv.ErrSyntax).With("key", "secret").At("/x", fault.FieldInvalid, "secret")
	p := s.describe(f, english, "r1")
	if p.Status != 500 || p.Code != "internal" || len(p.Errors) != 0 || strings.Contains(p.Detail, "secret") {
		t.Errorf("leaked: %+v", p)
	}
}
