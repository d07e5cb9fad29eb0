// Package wire gives gateway/httpapi TCP connections that a client cannot hold
// hostage: every byte of a request has a deadline, every write to a slow
// reader has one, refused bodies are cut off, malformed requests get our own
// answer, and a shutdown knows which connections are idle. It sits under the
// HTTP library as its net.Listener, so that these promises hold for every
// route without the library's help.
package wire
