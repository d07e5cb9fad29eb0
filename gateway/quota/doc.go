// Package quota counts the tasks of a session: how many it had today, how many
// are under way, and how many it may have. gateway/intake reserves a task here
// before it accepts it and ends the reservation when the task is settled;
// gateway/httpapi and gateway/admin ask for the usage, and operators grant
// more. Limits come from gateway/policy; the tasks in gateway/queue are the
// truth from which a lost account is computed again.
package quota
