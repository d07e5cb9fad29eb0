// Package dispatch turns leased jobs into finished tasks. One dispatcher
// leads, on one of the gateways; it is therefore exact about fairness, worker
// slots and provider limits without any lock between processes. It takes jobs
// from gateway/queue, plans from gateway/routing and workers from
// gateway/fleet, writes every attempt before the call and its outcome after
// it, and hands finished tasks to gateway/intake to be settled.
//
// The files follow a task: lead.go leases it, window.go queues it fairly,
// slots.go places it, walk.go runs it over its attempts, call.go makes one
// call, recover.go finds a call that another dispatcher or a lost stream left
// behind, finish.go ends it.
package dispatch
