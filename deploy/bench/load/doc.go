// Package load is the load generator, which runs as a process of its own so
// that its memory and garbage are never the gateway's. deploy/bench starts it
// and tells it one Job; it speaks to the gateway over plain connections with
// requests made beforehand, judges every answer, and gives back a Result.
package load
