// Package fault holds every failure code, and what follows from each: its kind,
// whether the same request may succeed later, and who may see it. A code has
// one kind, so a caller can decide what to do without reading a message.
//
// The tables are in three files: public.go (clients), operators.go (the admin
// API) and inside.go (between our own processes, and logs). Nothing else
// spells a code; a test walks the tree for literals. Drivers and validators
// choose the code where the cause is known. gateway/httpapi/status turns it
// into an HTTP status, gateway/httpapi/sentences.json into words, pkg/workerrpc
// carries it over RPC, and nobody else does.
package fault
