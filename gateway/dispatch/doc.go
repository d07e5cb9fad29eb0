// Package dispatch turns leased jobs into finished tasks. One dispatcher
// leads, on one of the gateways; it is therefore exact about fairness, worker
// slots and provider limits without any lock between processes. It takes jobs
// from gateway/queue, plans from gateway/routing and workers from
// gateway/fleet, and hands finished tasks to gateway/intake to be settled.
//
// A dispatcher stands by or leads (dispatcher.go), by a lease that one gateway
// has (leader.go), for a term (term.go). The term's scheduler owns the only
// lock (scheduler.go). What it guards is the board (board.go): the tasks that
// wait (package fairqueue), the workers' slots (slots.go) and how the
// providers do (package health). It gives slots to tasks (assign.go), by the
// plans that can be paid (plans.go), and starts their runs (package run),
// which ask it for more (port.go).
//
// The waiting learn their positions (position.go), operators and the other
// gateways how things are (report.go, status.go, alarm.go, collector.go), and
// new tasks whether they can be paid (payable.go). trim.go forgets the
// histories of finished tasks.
package dispatch
