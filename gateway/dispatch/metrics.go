package dispatch

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

type metrics struct {
	waiting, running, capacity prometheus.Gauge
	tasks                      *prometheus.CounterVec
	attempts, hedges           *prometheus.CounterVec
	recovered                  *prometheus.CounterVec
	waitSeconds, taskSeconds   prometheus.Histogram
	estimated, byP50, byP90    prometheus.Counter
	breakers, window, spent    *prometheus.GaugeVec
	budget, remaining, alarms  *prometheus.GaugeVec
	fen                        *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer) metrics {
	f := promauto.With(reg)
	gauge := func(name, help string) prometheus.Gauge {
		return f.NewGauge(prometheus.GaugeOpts{Name: "imgfleet_dispatch_" + name, Help: help})
	}
	count := func(name, help string) prometheus.Counter {
		return f.NewCounter(prometheus.CounterOpts{Name: "imgfleet_dispatch_" + name + "_total", Help: help})
	}
	counts := func(name, help string, labels ...string) *prometheus.CounterVec {
		return f.NewCounterVec(prometheus.CounterOpts{Name: "imgfleet_dispatch_" + name + "_total", Help: help}, labels)
	}
	gauges := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return f.NewGaugeVec(prometheus.GaugeOpts{Name: "imgfleet_dispatch_" + name, Help: help}, labels)
	}
	seconds := func(name, help string) prometheus.Histogram {
		return f.NewHistogram(prometheus.HistogramOpts{
			Name: "imgfleet_dispatch_" + name + "_seconds", Help: help, Buckets: prometheus.ExponentialBuckets(0.001, 2, 18),
		})
	}
	return metrics{
		waiting: gauge("waiting_tasks", "Tasks in the window without a worker."), running: gauge("running_tasks", "Tasks with a worker."),
		capacity:    gauge("capacity_tasks", "Tasks that the live workers can run at once."),
		tasks:       counts("tasks", "Tasks ended, by state.", "state", "degraded"),
		attempts:    counts("attempts", "Attempts ended, by provider, outcome and class.", "provider", "outcome", "class"),
		hedges:      counts("hedges", "Second calls that were started beside a slow one, by both providers.", "slow", "provider"),
		recovered:   counts("recovered", "Calls whose stream was lost, by how their outcome was found.", "by"),
		waitSeconds: seconds("wait", "From accept to the first attempt."),
		taskSeconds: seconds("task", "From accept to success."),
		breakers:    gauges("breaker_info", "1 for the state of each breaker of a provider in a region.", "provider", "region", "state"),
		window:      gauges("rate_window_calls", "Calls at once that a provider bears while it limits our rate, 0 when it does not.", "provider"),
		spent:       gauges("spent_today_fen", "Spent today in Shanghai, with what is set aside for calls under way.", "provider"),
		budget:      gauges("budget_today_fen", "What may be spent today, by provider; * is the whole service.", "provider"),
		remaining:   gauges("remaining_calls", "What a vendor said of late may still be asked for in its period; absent for vendors that say nothing.", "provider"),
		alarms:      gauges("alarm_info", "1 while a budget is nearly spent or a vendor's allowance is low.", "alarm", "name"),
		fen:         counts("fen", "Money that calls have cost, or may have when the outcome is unknown.", "provider", "outcome"),
		estimated:   count("estimates", "Successes for which a time was estimated at accept."),
		byP50:       count("estimates_by_p50", "Successes no later than the estimated median."),
		byP90:       count("estimates_by_p90", "Successes no later than the estimated 90th percentile."),
	}
}
