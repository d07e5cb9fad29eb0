// Package hub serves open event streams: it writes their events, sends
// heartbeats, notices when a client has gone, limits the streams of a session
// and ends them all when the gateway stops. gateway/httpapi feeds it
// connections that it has taken from the HTTP library; clients are at the
// other end. Each stream has one goroutine. Heartbeats and liveness are done by
// one more goroutine for all streams, so an idle stream costs a small stack and
// nothing more.
package hub
