// Package fault names the kinds of failure that cross a package border, so
// that every caller can decide what to do without reading a message. Drivers
// and validators classify where the cause is known; gateway/httpapi turns
// kinds into HTTP, pkg/workerrpc carries them over RPC, and nobody else does
// either.
package fault
