package main

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/gateway/fleet"
	"github.com/imgfleet/imgfleet/gateway/policy"
)

// gauges show how a gateway and what it works with are doing, at the moment
// when they are scraped. Nothing waits for an answer.
type gauges struct {
	g *gateway

	connected, bytes, store, paused, workers *prometheus.Desc
}

func newGauges(g *gateway) *gauges {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return &gauges{
		g:         g,
		connected: desc("imgfleet_engine_connected", "1 while the engine answers and takes what is written."),
		bytes:     desc("imgfleet_engine_bytes", "Size of the engine's streams; absent while it does not answer."),
		store:     desc("imgfleet_store_up", "1 while an object can be written and read back."),
		paused:    desc("imgfleet_intake_paused", "1 while operators let nobody ask for pictures."),
		workers:   desc("imgfleet_workers", "Workers that this gateway hears of: idle or busy, draining because they stop, drained by an operator.", "state"),
	}
}

// Describe implements prometheus.Collector.
func (c *gauges) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.connected, c.bytes, c.store, c.paused, c.workers} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (c *gauges) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	last, state := c.g.ready.Last(), c.g.policy.State()
	connected := c.g.engine.Connected() && last.Has(checkEngine)
	gauge(c.connected, one(connected))
	if connected {
		gauge(c.bytes, float64(c.g.engine.Bytes()))
	}
	gauge(c.store, one(last.Has(checkStore)))
	gauge(c.paused, one(state.Intake.PausedAt(time.Now())))
	for s, n := range workersBy(c.g.fleet.Workers(), state) {
		gauge(c.workers, float64(n), s)
	}
}

// workersBy counts workers by state. Every state is there, so that an alert can
// tell none from nothing known.
func workersBy(all []fleet.Member, state *policy.State) map[string]int {
	n := map[string]int{"idle": 0, "busy": 0, "draining": 0, "drained": 0}
	for _, w := range all {
		switch {
		case w.Draining:
			n["draining"]++
		case state.Draining(w.ID):
			n["drained"]++
		case w.InFlight > 0:
			n["busy"]++
		default:
			n["idle"]++
		}
	}
	return n
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
