// Package campaign opens and closes what the campaigns of the operator state
// have for themselves: the places of their tasks, and room in the queue for
// them beside everybody else's. gateway/intake asks it before it accepts a
// task; gateway/queue counts; gateway/dispatch gives them their share.
package campaign
