// Package policy is the operator's one hot, versioned state: limits, provider
// switches and weights, the intake's pause, drained workers, the catalogue.
// gateway/admin changes it; session, intake, routing and dispatch read it from
// memory, on every gateway, within a second of a change. Each change is kept
// with who, when, what before, what after and why, and can be undone.
package policy
