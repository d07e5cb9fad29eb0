package main

import (
	"fmt"
	"time"
)

const priceFen = 20

// vendor is a simulated vendor. Its times are real ones, not yet scaled.
type vendor struct {
	name, kind, model string
	prefix            string // of the documented paths
	weight            int
	median, p95       time.Duration
	timeout           time.Duration
	faults            string // shares of calls
	death             string // the same from half-way on, "" when it lives
}

// primary is the first choice of most tasks, and its own times are the measure
// for all. One call in ten fails in a way that another attempt can repair. Some
// photos are refused for their content.
func primary() vendor {
	return vendor{
		name: "seedream", kind: "seedream", prefix: "/api/v3", weight: 70,
		median: 15 * time.Second, p95: 30 * time.Second, timeout: time.Minute,
		faults: "rate=0.03&transient=0.035&reset=0.02&hang=0.015&content=0.003",
	}
}

// others are the rest of the fleet, in the order in which they are asked.
func others() []vendor {
	return []vendor{
		{
			name: "qianfan", kind: "qianfan", prefix: "/v2", weight: 30,
			median: 13 * time.Second, p95: 27 * time.Second, timeout: time.Minute,
			faults: "transient=0.01", death: "transient=0.6&reset=0.2&hang=0.2",
		},
		{
			name: "qwen", kind: "dashscope", model: "qwen-image-edit-plus", prefix: "/api/v1",
			median: 14 * time.Second, p95: 28 * time.Second, timeout: time.Minute, faults: "transient=0.01",
		},
		{
			name: "wan", kind: "dashscope", prefix: "/api/v1", // by jobs that are polled
			median: 70 * time.Second, p95: 140 * time.Second, timeout: 3 * time.Minute, faults: "poll.reset=0.02",
		},
	}
}

// knobs are the settings of its double.
func (v vendor) knobs(c Config, faults string, seed uint64) string {
	return fmt.Sprintf("median=%v&p95=%v&side=640&seed=%d&%s", v.median/time.Duration(c.Scale), v.p95/time.Duration(c.Scale), seed, faults)
}

// arm is one way to run the fleet.
type arm struct {
	name     string
	tasks    int
	vendors  []vendor
	fallback fallback
}

// arms are the whole fleet with the fallback section as it stands, and the
// same without hedges and with one vendor for contrast.
func arms(c Config, as fallback) []arm {
	all := append([]vendor{primary()}, others()...)
	out := []arm{{name: "whole fleet", tasks: c.Tasks, vendors: all, fallback: as}}
	if c.Contrast > 0 {
		as.HedgeBudget = 0
		out = append(out,
			arm{name: "no hedges", tasks: c.Contrast, vendors: all, fallback: as},
			arm{name: "no fallback", tasks: c.Contrast, vendors: all[:1], fallback: as})
	}
	return out
}
