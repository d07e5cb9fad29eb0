// Package ratelimit counts what clients do by their address and refuses what
// is too much. The counts are in the memory of one gateway and bounded.
// gateway/httpapi asks it about every POST and gateway/intake about every task
// that will be paid for; gateway/session counts wrong link codes with it.
// Limits come from gateway/policy.
package ratelimit
