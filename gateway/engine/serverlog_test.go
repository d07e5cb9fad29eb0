package engine

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestTheServerSaysTheSameOnceInTenSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		l := newServerLog(slog.New(slog.NewTextHandler(&out, nil)))
		lines := func() int { return strings.Count(out.String(), "\n") }
		for range 40 {
			l.Warnf("stream '%s > %s' has no quorum, stalled", "$G", "JOBS")
			l.Warnf("stream '%s > %s' has no quorum, stalled", "$G", "RECORDS")
			l.Noticef("of no interest")
			<-time.After(100 * time.Millisecond)
		}
		l.Errorf("disk %s is full", "/data")
		if lines() != 2 {
			t.Errorf("%d lines, want 2:\n%s", lines(), out.String())
		}
		<-time.After(sayAgain)
		l.Warnf("stream '%s > %s' has no quorum, stalled", "$G", "JOBS")
		if lines() != 3 || !strings.Contains(out.String(), "like_it=79") || strings.Contains(out.String(), "interest") {
			t.Errorf("after %v:\n%s", sayAgain, out.String())
		}
	})
}
