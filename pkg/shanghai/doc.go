// Package shanghai gives the day that budgets, quotas and reports are counted
// by: a calendar day in China, wherever the programs run.
package shanghai
