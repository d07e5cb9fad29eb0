// Package httpapi is the public HTTP interface: routes, statuses, streams and
// the page. Clients feed it requests; it feeds gateway/session,
// gateway/upload, gateway/intake and gateway/erasure with typed calls, and
// tells clients what gateway/queue says happened. It is the only package that
// knows HTTP, and the only user of the HTTP library.
package httpapi
