// Package telemetry gives every program its voice: a structured logger, a
// metrics registry with the runtime's own collectors, and the handler that
// serves it. The mains build these once and hand them to every stage.
package telemetry
