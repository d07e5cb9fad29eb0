// Package engine is NATS JetStream, the one engine of the gateway: the
// embedded server, the connection, and Bucket, a small compare-and-swap
// key-value store with per-key expiry on which sessions, uploads, policy,
// keys and the fleet keep their state. gateway/queue builds the task streams
// on it. Only these two packages import NATS.
package engine
