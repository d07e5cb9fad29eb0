package objective

import (
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/pkg/task"
)

func BenchmarkEnded(b *testing.B) {
	t, r := NewTally(Defaults(), prometheus.NewRegistry()), ended(task.Succeeded, 3*time.Second)
	for b.Loop() {
		t.Ended(r)
	}
}

func BenchmarkAnswered(b *testing.B) {
	t := NewTally(Defaults(), prometheus.NewRegistry())
	for b.Loop() {
		t.Answered(http.StatusOK)
	}
}
