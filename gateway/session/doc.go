// Package session knows who is asking: anonymous sessions that a signed token
// proves, tickets for one task's stream, link codes that carry a session to
// another browser, and the sessions that were erased. gateway/httpapi gives it
// tokens and addresses; gateway/erasure tells it which sessions are erased. Its
// keys come from gateway/keys.
package session
