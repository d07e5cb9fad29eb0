// Package admin is a worker's listener for those who run it: /metrics for
// Prometheus, /livez and /readyz for whatever starts and stops workers. Main
// gives it the registry and asks the heartbeats whether the worker is ready.
package admin
