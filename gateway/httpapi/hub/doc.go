// Package hub keeps open event streams: it writes what they are about to say,
// keeps them warm, notices when a client has gone and ends them all at once
// when the gateway stops. gateway/httpapi feeds it connections that it has
// taken from the HTTP library; clients are at the other end. One goroutine
// serves one stream; everything else (heartbeats, liveness) is done by one
// goroutine for all of them, so that an idle stream is a small stack and
// nothing more.
package hub
