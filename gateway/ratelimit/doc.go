// Package ratelimit counts what clients do, by their address or their session,
// and refuses what is too much. What one gateway counts the others learn within
// a second, over the engine, and find again after a restart; a count costs no
// write. gateway/httpapi asks it about requests, gateway/intake about every task
// that will be paid for, gateway/session about link codes. Limits come from
// gateway/policy.
package ratelimit
