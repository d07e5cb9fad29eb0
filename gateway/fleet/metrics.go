package fleet

import "github.com/prometheus/client_golang/prometheus"

// workers counts the live members whenever it is scraped.
type workers struct {
	f    *Fleet
	desc *prometheus.Desc
}

func newWorkers(f *Fleet) workers {
	return workers{f, prometheus.NewDesc("imgfleet_fleet_workers", "Workers heard of in the last five seconds, by region.", []string{"region"}, nil)}
}

// Describe implements prometheus.Collector.
func (w workers) Describe(c chan<- *prometheus.Desc) { c <- w.desc }

// Collect implements prometheus.Collector.
func (w workers) Collect(c chan<- prometheus.Metric) {
	regions := make(map[string]float64)
	for _, m := range w.f.Workers() {
		regions[m.Region]++
	}
	for region, n := range regions {
		c <- prometheus.MustNewConstMetric(w.desc, prometheus.GaugeValue, n, region)
	}
}
