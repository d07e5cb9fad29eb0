// Package objective knows what people are promised and what they got. Whoever
// writes the last revision of a task counts it here, so that every task counts
// once over all gateways: the run that ends it, or the intake. The HTTP layer
// counts its answers. Operators see the objectives beside what was measured
// over all gateways, as metrics, in the status, and as alarms.
package objective
