// Package run is one task's life: attempt after attempt, until one of them
// decides the task and the last call is booked. A run writes every attempt
// into the task's record before its call, and the outcome after it.
//
// gateway/dispatch starts a run for a task that has a slot, or that has to be
// ended. What the run needs from there it asks through a port: it knows
// neither the scheduler nor another run.
//
// run.go makes the attempts, call.go and stream.go make a call, hedge.go a
// second one beside it, recover.go finds a call that an earlier leader or a
// lost stream left behind, fallback.go decides what an outcome means,
// record.go writes the record, finish.go ends the task, and costs.go sums up
// what its calls have cost.
package run
