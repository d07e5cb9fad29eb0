// Package intake turns a request into an accepted task. It recognises a repeated
// idempotency key, validates against the catalogue, applies text rules, answers
// from the session's cache, reserves quota and publishes the job: that publish
// is the commit point. It also lists, cancels and rates tasks. gateway/httpapi
// feeds it; it feeds gateway/queue; gateway/dispatch settles finished tasks
// with it.
package intake
