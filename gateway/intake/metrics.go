package intake

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

type metrics struct {
	answers  *prometheus.CounterVec
	feedback *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer) metrics {
	f := promauto.With(reg)
	return metrics{
		answers: f.NewCounterVec(prometheus.CounterOpts{
			Name: "imgfleet_intake_answers_total", Help: "Requests for tasks by outcome: accepted, cached, replayed, or the refusal's code.",
		}, []string{"outcome"}),
		feedback: f.NewCounterVec(prometheus.CounterOpts{
			Name: "imgfleet_intake_feedback_total", Help: "Opinions on results, by rating.",
		}, []string{"rating"}),
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
