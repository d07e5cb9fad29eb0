// Package intake turns a request into an accepted task: the key that makes a
// retry harmless, validation against the catalogue, text rules, the session's
// cache, its quota, and the one publish that is the commit point.
// gateway/httpapi feeds it; it feeds gateway/queue, and gateway/dispatch
// settles with it.
package intake
