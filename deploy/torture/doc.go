// Command torture proves durability on the real programs: it kills gateways
// and workers without a warning while many clients submit, repeat, cancel and
// delete tasks and follow their streams, and then counts what was lost,
// repeated or paid twice. All but the tasks accepted must be zero.
// Half-way everything is restarted in turn, as by a deploy. With -vendors the
// strict doubles of real vendors are called, and their own count is the truth.
// With -budgets the money of the day ends within the run. With -engines 3 the
// engine is a cluster of three nodes, which a plan takes away one by one and
// together; then every answer, the readiness of every gateway, every copy of a
// stream and the length of the logs are judged, too.
//
//	go run ./deploy/torture -tasks 2000
package main
