// Package fairqueue keeps what waits and says whose turn it is. It gives
// turns in three steps: every lane has its turn, in it every network, and in
// that every session. It knows nothing of tasks and has no lock: whoever owns
// a queue guards it.
package fairqueue
