package telemetry

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

func TestALineAboutAFailureHasItsCode(t *testing.T) {
	t.Parallel()
	wrapped := fmt.Errorf("write: %w", fault.New(fault.StorageFull))
	for name, c := range map[string]struct {
		facts []any
		want  string
		times int
	}{
		"a fault":            {[]any{"err", wrapped}, `"code":"storage_full"`, 1},
		"under another name": {[]any{"cause", wrapped}, `"code":"storage_full"`, 1},
		"named already":      {[]any{"code", "mine", "err", wrapped}, `"code":"mine"`, 1},
		"nobody's":           {[]any{"err", errors.New("x")}, `"code":"internal"`, 1},
		"no failure":         {[]any{"n", 1}, `"code"`, 0},
	} {
		var b bytes.Buffer
		NewLogger(&b, "info", FormatJSON).With("task", "t").Warn("away", c.facts...)
		if got := b.String(); strings.Count(got, c.want) != c.times || strings.Count(got, `"code"`) != c.times {
			t.Errorf("%s: %s", name, got)
		}
	}
}
