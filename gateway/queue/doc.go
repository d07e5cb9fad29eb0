// Package queue makes tasks durable. It holds two streams: JOBS, the accepted
// requests, which gateway/intake fills and gateway/dispatch drains; and
// TASKS, in which every revision of a task is one message that is at once the
// whole record and the event that gateway/httpapi streams. A compare-and-swap
// on the last revision of a task is the only way to move it.
package queue
