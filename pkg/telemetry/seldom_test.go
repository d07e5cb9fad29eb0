package telemetry_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgfleet/imgfleet/pkg/telemetry"
)

func TestTheSameIsSaidSeldom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, once := telemetry.Seldom{Every: 10 * time.Second}, telemetry.Seldom{}
		for i, c := range []struct {
			text        string
			after       time.Duration
			worth, anew bool
		}{
			{"refused", 0, true, true}, {"refused", time.Second, false, false}, {"unknown", time.Second, true, true},
			{"refused", 0, true, true}, {"refused", 9 * time.Second, false, false}, {"refused", time.Second, true, false},
		} {
			time.Sleep(c.after) //nolint:forbidigo // no time passes in a bubble
			if got, first := s.Worth(c.text), once.Worth(c.text); got != c.worth || first != c.anew {
				t.Errorf("%d: worth a line %v and %v, want %v and %v", i, got, first, c.worth, c.anew)
			}
		}
	})
}

func TestWhatIsSaidOfOneDoesNotCountForAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := telemetry.SeldomOf{Every: 10 * time.Second}
		for i, c := range []struct {
			subject string
			after   time.Duration
			worth   bool
		}{
			{"one", 0, true}, {"two", 0, true}, {"one", 0, false}, {"two", 9 * time.Second, false}, {"one", time.Second, true}, {"one", 0, false}, {"two", 0, true},
		} {
			time.Sleep(c.after) //nolint:forbidigo // no time passes in a bubble
			if got := s.Worth(c.subject); got != c.worth {
				t.Errorf("%d: %s is worth a line: %v", i, c.subject, got)
			}
		}
	})
}
