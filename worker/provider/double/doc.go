// Package double gives what all doubles of vendors share: counted
// submissions, latency with a tail, faults, results that expire, and a list of
// every call that the vendor would not have taken. A vendor's double adds the
// protocol. Tests and simulations feed it calls over HTTP; it imitates the
// outside world and knows nothing of the fleet.
package double
