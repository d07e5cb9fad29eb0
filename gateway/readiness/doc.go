// Package readiness says whether a gateway should get traffic. Main gives it
// the checks; gateway/httpapi and gateway/admin show what it found, and load
// balancers and operators act on it.
package readiness
