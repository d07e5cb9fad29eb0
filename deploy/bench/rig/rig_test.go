package rig

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestAMetricIsSummedOverItsSeries(t *testing.T) {
	t.Parallel()
	const text = `# HELP tasks Tasks.
tasks{state="succeeded",degraded="false"} 3
tasks{state="succeeded",degraded="true"} 4
tasks{state="failed",degraded="false"} 5
tasks_total 100
plain 1.5
`
	for _, tt := range []struct {
		name   string
		labels []string
		want   float64
	}{
		{"tasks", nil, 12},
		{"tasks", []string{`state="succeeded"`}, 7},
		{"tasks", []string{`state="succeeded"`, `degraded="true"`}, 4},
		{"plain", nil, 1.5},
		{"absent", nil, 0},
	} {
		if got, err := sum(strings.NewReader(text), tt.name, tt.labels); err != nil || got != tt.want {
			t.Errorf("%s%v = %v, %v; want %v", tt.name, tt.labels, got, err, tt.want)
		}
	}
}

func TestProcessorTimeIsRead(t *testing.T) {
	t.Parallel()
	if busy, err := Busy(20 * time.Millisecond); err != nil || busy < 0 {
		t.Errorf("busy = %v, %v", busy, err)
	}
	if used, err := Process(1); err != nil || used < 0 {
		t.Errorf("used = %v, %v", used, err)
	}
}

func TestAPeakIsSeenWhileWorkRuns(t *testing.T) {
	t.Parallel()
	before, err := Memory(os.Getpid())
	if err != nil || before <= 0 {
		t.Fatalf("memory = %d, %v", before, err)
	}
	const size = 64 << 20
	peak, err := Peak(os.Getpid(), func() error {
		block := make([]byte, size)
		for i := 0; i < size; i += 4096 {
			block[i] = 1
		}
		runtime.KeepAlive(block)
		return errors.New("the work's own")
	})
	if err == nil || err.Error() != "the work's own" {
		t.Errorf("error = %v", err)
	}
	if peak < before+size/2 {
		t.Errorf("peak = %d, was %d before %d more", peak, before, size)
	}
}
