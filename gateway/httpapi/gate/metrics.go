package gate

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Watch registers what the listener counts. The listener may be older than the
// registry.
func (l *Listener) Watch(reg prometheus.Registerer) {
	f := promauto.With(reg)
	gauge := func(name, help string, value func() float64) {
		f.NewGaugeFunc(prometheus.GaugeOpts{Name: "imgfleet_http_" + name, Help: help}, value)
	}
	gauge("open_connections", "Connections that are open now, event streams included.", func() float64 { return float64(l.open.Load()) })
	gauge("open_connections_strange", "Those of them over which no good token has come.", func() float64 { return float64(l.unknown.Load()) })
	gauge("open_connections_most", "How many may be open, 0 for no bound.", func() float64 { return float64(l.c.Most) })
	f.NewCounterFunc(prometheus.CounterOpts{
		Name: "imgfleet_http_connections_shed_total", Help: "Idle connections that were closed to make room for others.",
	}, func() float64 { return float64(l.room.closed.Load()) })
	for why := range reasons {
		f.NewCounterFunc(prometheus.CounterOpts{
			Name: "imgfleet_http_connections_refused_total", Help: "Connections that were closed because there were too many, by reason.",
			ConstLabels: prometheus.Labels{"reason": why.String()},
		}, func() float64 { return float64(l.Refused(why)) })
	}
}
