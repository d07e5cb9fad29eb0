// Package wire gives gateway/httpapi TCP connections with limits: every byte of
// a request and every write to a slow reader has a deadline, refused bodies are
// cut off, malformed requests get our own answer, and a shutdown knows which
// connections are idle. It is the net.Listener under the HTTP library, so these
// limits hold for every route.
package wire
