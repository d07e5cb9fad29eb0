package httpapi

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/fault/faulttest"
)

func TestEveryPublicCodeHasASentenceAndNoOther(t *testing.T) {
	t.Parallel()
	s, err := loadSentences()
	if err != nil {
		t.Fatal(err)
	}
	public := make(map[string]bool)
	for name, code := range faulttest.Codes(t) {
		public[string(code)] = code.Public()
		if text := s[string(code)]; code.Public() && (text.ZH == "" || text.EN == "") {
			t.Errorf("fault.%s: %q has no sentence in both languages", name, code)
		}
	}
	for key := range s {
		if !strings.Contains(key, ":") && !public[key] {
			t.Errorf("%q has a sentence and is no public code", key)
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

// Two codes with one sentence are one code.
func TestNoTwoCodesSayTheSame(t *testing.T) {
	t.Parallel()
	s, err := loadSentences()
	if err != nil {
		t.Fatal(err)
	}
	said := make(map[string]string)
	for key, text := range s {
		if strings.Contains(key, ":") {
			continue
		}
		for _, words := range []string{text.ZH, text.EN} {
			if other, twice := said[words]; twice {
				t.Errorf("%s and %s both say %q", key, other, words)
			}
			said[words] = key
		}
	}
}

// "Please try again" is said of what may succeed; "check it and try again" may
// be said of the rest.
func TestSentencesAgreeWithRetryable(t *testing.T) {
	t.Parallel()
	s, err := loadSentences()
	if err != nil {
		t.Fatal(err)
	}
	again := regexp.MustCompile(`(?i)again|重试|再试|重新发送`)
	other := regexp.MustCompile(`(?i)check (it|them) and try again|(upload|accept) it again|retake|检查后重试|裁剪后再试`)
	for key, text := range s {
		retryable := fault.Code(key).Retryable()
		if kind, ok := strings.CutPrefix(key, "kind:"); ok {
			retryable = (&fault.Fault{Kind: fault.ParseKind(kind)}).Retryable()
		} else if strings.Contains(key, ":") {
			continue
		}
		for _, words := range []string{text.ZH, text.EN} {
			if again.MatchString(other.ReplaceAllString(words, "")) && !retryable {
				t.Errorf("%s is not retryable and says %q", key, words)
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
	if p.Status != 500 || p.Code != "internal" || len(p.Violations) != 0 || strings.Contains(p.Detail, "secret") {
		t.Errorf("leaked: %+v", p)
	}
}
