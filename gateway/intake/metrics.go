package intake

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
)

type metrics struct {
	answers  *prometheus.CounterVec
	feedback *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer) metrics {
	f := telemetry.For(reg, "intake")
	return metrics{
		answers:  f.Counters("answers", "Requests for tasks by outcome: accepted, cached, replayed, or the refusal's code.", "outcome"),
		feedback: f.Counters("feedback", "Ratings of results.", "rating"),
	}
}

func (m metrics) answered(a Accepted, err error) {
	outcome := "accepted"
	switch {
	case err != nil:
		outcome = string(fault.CodeOf(err))
	case a.Replayed:
		outcome = "replayed"
	case a.Record.Cached:
		outcome = "cached"
	}
	m.answers.WithLabelValues(outcome).Inc()
}
