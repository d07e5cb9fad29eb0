// Package telemetry has what every program needs to be observed: a structured
// logger, a metrics registry with the collectors of the runtime, and the handler
// that serves it. The mains build these once and hand them to every stage.
package telemetry
