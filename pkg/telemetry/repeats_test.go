package telemetry_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgfleet/imgfleet/pkg/telemetry"
)

func TestAWarningInTheSameWordsIsLoggedOnceInTenSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log := telemetry.NewLogger(&out, "info", telemetry.FormatJSON)
		for range 50 { // ten seconds
			log.Warn("load not published", "err", "away")
			log.With("program", "gateway").Error("load not published", "err", "away")
			log.Warn("load not published", "err", "full")
			log.Info("request", "status", 503)
			time.Sleep(200 * time.Millisecond) //nolint:forbidigo // no time passes in a bubble
		}
		log.Warn("load not published", "err", "away")
		for words, want := range map[string]int{`"err":"away"`: 3, `"err":"full"`: 1, `"request"`: 50, `"like_it":49`: 1} {
			if got := strings.Count(out.String(), words); got != want {
				t.Errorf("%s stands there %d times, want %d:\n%s", words, got, want, out.String())
			}
		}
	})
}
