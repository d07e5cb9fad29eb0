// Package task holds the domain types of a picture's journey and the legal
// steps between its states. It does no I/O: gateway/intake makes jobs,
// gateway/dispatch moves records, gateway/queue stores both, and
// gateway/httpapi shows them.
package task
