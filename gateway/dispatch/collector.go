package dispatch

import "github.com/prometheus/client_golang/prometheus"

// collector shows the state of dispatch to the metrics: it is read when they
// are scraped, so that no scrape sees half of it, and nothing stays of a term
// that has ended.
type collector struct {
	dispatcher *Dispatcher

	waiting, running, capacity *prometheus.Desc
	breakers, window, spent    *prometheus.Desc
	budget, remaining, alarms  *prometheus.Desc
	leader, oldest             *prometheus.Desc
}

func newCollector(d *Dispatcher) *collector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("imgfleet_dispatch_"+name, help, labels, nil)
	}
	return &collector{
		dispatcher: d,
		waiting:    desc("waiting_tasks", "Tasks in the fair queue, without a worker."),
		running:    desc("running_tasks", "Tasks with a worker."),
		capacity:   desc("capacity_tasks", "Tasks that the live workers can run at once."),
		breakers:   desc("breaker_info", "1 for the state of each breaker of a provider in a region.", "provider", "region", "state"),
		window:     desc("rate_window_calls", "Calls at once that a provider bears while it limits our rate, 0 when it does not.", "provider"),
		spent:      desc("spent_today_fen", "Spent today in Shanghai, with what is set aside for calls in flight.", "provider"),
		budget:     desc("budget_today_fen", "What may be spent today, by provider; * is the whole service.", "provider"),
		remaining:  desc("remaining_calls", "What a vendor said of late may still be asked for in its period; absent for vendors that say nothing.", "provider"),
		leader:     desc("leader", "1 on the gateway that dispatches. It is 0 as soon as another may lead."),
		oldest:     prometheus.NewDesc("imgfleet_queue_oldest_seconds", "How long ago the task was accepted that has waited longest for its first call, 0 when none waits. Every gateway tells what the leader knows.", nil, nil),
		alarms:     desc("alarm_info", "1 while a budget is nearly spent or a vendor's allowance is low.", "alarm", "name"),
	}
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.waiting, c.running, c.capacity, c.breakers, c.window, c.spent, c.budget, c.remaining, c.alarms, c.leader, c.oldest} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	t, r, leads := c.dispatcher.current.Load(), report{}, 0.0
	if t != nil && t.held.sure() {
		r, leads = t.report(), 1
		for name, fen := range t.deps.Policy().Budgets {
			gauge(c.budget, float64(fen), name)
		}
	}
	gauge(c.leader, leads)
	gauge(c.oldest, c.dispatcher.waited(r.broadcast).Seconds())
	gauge(c.waiting, float64(r.snapshot.load.Waiting))
	gauge(c.running, float64(r.snapshot.load.Running))
	gauge(c.capacity, float64(r.snapshot.load.Capacity))
	for l, state := range r.snapshot.breakers {
		gauge(c.breakers, 1, l.Provider, l.Region, state)
	}
	for name, p := range r.broadcast.Providers {
		gauge(c.window, float64(p.Window), name)
		gauge(c.spent, float64(p.SpentFen), name)
		if p.Remaining != nil {
			gauge(c.remaining, float64(*p.Remaining), name)
		}
	}
	for _, a := range r.broadcast.Alarms {
		gauge(c.alarms, 1, string(a.What), a.Name)
	}
}
