package httpapi

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/imgfleet/imgfleet/gateway/httpapi/wire"
)

type metrics struct {
	requests  *prometheus.CounterVec
	seconds   *prometheus.HistogramVec
	problems  *prometheus.CounterVec
	malformed *prometheus.CounterVec
	panics    prometheus.Counter
	reports   prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) metrics {
	f := promauto.With(reg)
	return metrics{
		requests: f.NewCounterVec(prometheus.CounterOpts{
			Name: "imgfleet_http_requests_total", Help: "Requests answered, by route and status.",
		}, []string{"method", "route", "status"}),
		seconds: f.NewHistogramVec(prometheus.HistogramOpts{
			Name: "imgfleet_http_request_seconds", Help: "Time from the head of a request to the end of its handler.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"method", "route"}),
		problems: f.NewCounterVec(prometheus.CounterOpts{
			Name: "imgfleet_http_problems_total", Help: "Problem documents sent, by code.",
		}, []string{"code"}),
		malformed: f.NewCounterVec(prometheus.CounterOpts{
			Name: "imgfleet_http_malformed_total", Help: "Requests that could not be read, by code.",
		}, []string{"code"}),
		panics: f.NewCounter(prometheus.CounterOpts{
			Name: "imgfleet_http_panics_total", Help: "Handlers that panicked: each is a bug.",
		}),
		reports: f.NewCounter(prometheus.CounterOpts{
			Name: "imgfleet_http_client_errors_total", Help: "Errors reported by the page.",
		}),
	}
}

func watchConnections(reg prometheus.Registerer, l *wire.Listener) {
	promauto.With(reg).NewGaugeFunc(prometheus.GaugeOpts{
		Name: "imgfleet_http_open_connections", Help: "Connections that are open now, without event streams.",
	}, func() float64 { return float64(l.Len()) })
}
