package operator

import (
	"strings"
	"testing"
)

func TestWhatHasNoEffectIsSaid(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		f    Fallback
		mock bool
		want string // "" for nothing
	}{
		"the defaults of dev":     {Fallback{Mock: true, Unknown: UnknownWait}, true, ""},
		"no mock to stand in":     {Fallback{Mock: true, Unknown: UnknownWait}, false, "no provider of the kind mock"},
		"a mock that may not":     {Fallback{Unknown: UnknownWait}, true, ""},
		"next without money":      {Fallback{Unknown: UnknownNext}, false, "doublePayFenPerDay is 0"},
		"next with money":         {Fallback{Unknown: UnknownNext, DoublePayFenPerDay: 5}, false, ""},
		"money that nobody takes": {Fallback{Unknown: UnknownFail, DoublePayFenPerDay: 5}, false, "doublePayFenPerDay is 5, but unknown is fail"},
	} {
		said := strings.Join(tc.f.Warnings(tc.mock), "\n")
		if tc.want == "" && said != "" || !strings.Contains(said, tc.want) {
			t.Errorf("%s: %q", name, said)
		}
	}
}
