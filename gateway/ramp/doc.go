// Package ramp walks a switch from one provider to another: it takes the next
// step when its time has come and the new provider has shown that it works,
// and rolls back when it does not. Operators begin a switch through
// gateway/admin, gateway/dispatch tells what became of the calls, and
// gateway/routing moves the tasks as the operator state says.
package ramp
