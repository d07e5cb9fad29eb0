// Package admin is the API that operators steer a running gateway with; imgctl
// speaks it. It reads and changes gateway/policy, asks the queue, the ledger,
// the fleet and the dispatcher, and serves metrics and profiles.
//
// It lives on its own listener and on plain net/http: a handful of requests a
// minute need no fast path, and only gateway/httpapi may use Hertz. For the
// same reason it has its own, smaller mapping of faults to problem documents
// (problem.go): operators read English, and the sentences are not those for
// the phone.
package admin
