// Package billing knows what calls to vendors cost. gateway/dispatch reserves
// the price of a call before it is made, settles it when the call has ended
// and posts the calls of an ended task to the ledger; budgets of providers,
// campaigns and the whole service are checked against both. gateway/admin
// reads the daily costs.
//
// expenses.go has the sums by day, ledger.go writes them, accounts.go counts
// what is spent and reserved today, budget.go compares that with the budgets,
// store.go has what outlives a term of the leading dispatcher.
package billing
