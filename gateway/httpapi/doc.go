// Package httpapi is the public HTTP interface: routes, statuses, streams and
// the page. Clients send it requests. It makes typed calls of them to
// gateway/session, gateway/ratelimit, gateway/quota, gateway/upload,
// gateway/intake and gateway/erasure, and streams to clients what gateway/queue
// says happened. It is the only package that knows HTTP statuses, and the only
// user of Hertz.
package httpapi
