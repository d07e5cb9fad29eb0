// Package client speaks the public HTTP API: sessions, uploads, tasks and
// their event streams, with retries that are safe because every repeated
// request is idempotent. Load generators and checks drive it; it knows
// nothing of the gateway but the contract.
package client
