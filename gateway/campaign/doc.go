// Package campaign opens and closes what the campaigns of the operator state
// have for themselves: admission slots for their tasks, which the engine
// counts, and room in the queue beside everybody else's. gateway/policy says
// which campaigns there are; gateway/intake asks for a slot before it accepts
// a task and releases it when the task is settled; gateway/dispatch gives
// campaigns their share of the turns.
package campaign
