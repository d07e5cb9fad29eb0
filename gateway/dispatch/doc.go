// Package dispatch turns leased jobs into finished tasks. One dispatcher
// leads, on one of the gateways; it is therefore exact about fairness, worker
// slots and provider limits without any lock between processes. It takes jobs
// from gateway/queue, plans from gateway/routing and workers from
// gateway/fleet, writes every attempt before the call and its outcome after
// it, and hands finished tasks to gateway/intake to be settled.
//
// The files follow a task: claim.go makes this the one dispatcher, lead.go
// leases the task, fairqueue keeps it until its turn, position.go tells it where it
// stands, place.go and slots.go give it a worker, health
// keeps it away from providers that fail, told.go
// tells operators of those, walk.go runs it over its
// attempts, flight.go and call.go make one call,
// hedge.go a second one beside it, recover.go finds a call that another
// dispatcher or a lost stream left behind, judge.go decides what an outcome
// means, booking.go posts what its calls have cost to gateway/billing,
// change.go writes the record, finish.go ends it, trim.go forgets its
// history.
package dispatch
