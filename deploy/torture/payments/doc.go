// Package payments judges the attempts of a task by the policy on payments:
// whatever may be paid for twice must have been allowed. The checks that kill
// or disturb a fleet feed it records.
package payments
