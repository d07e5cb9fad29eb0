package telemetry

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// NewRegistry makes the registry that a main passes to every stage, with the
// metrics of the runtime and the process.
func NewRegistry() *prometheus.Registry {
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return reg
}

// Built publishes which build runs, as a constant 1 that dashboards join on.
func Built(reg prometheus.Registerer, program, version string) {
	promauto.With(reg).NewGaugeVec(prometheus.GaugeOpts{
		Name: "imgfleet_build_info", Help: "The build that runs; the value is always 1.",
	}, []string{"program", "version"}).WithLabelValues(program, version).Set(1)
}

// Handler serves a registry to Prometheus. When a collector
// fails, only its own series are missing.
func Handler(reg *prometheus.Registry) http.Handler {
	return promhttp.HandlerFor(reg, promhttp.HandlerOpts{
		Registry: reg, ErrorHandling: promhttp.ContinueOnError, EnableOpenMetrics: true, MaxRequestsInFlight: 4,
	})
}
