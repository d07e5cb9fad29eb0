// Package ramp moves the tasks of one provider to another in steps. It takes
// the next step when the time for it has come and the new provider works, and
// rolls back when the new provider fails. Operators begin a switch through
// gateway/admin. gateway/dispatch reports the outcomes of calls, and
// gateway/routing divides the tasks as the operator state says.
package ramp
