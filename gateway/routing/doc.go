// Package routing turns a task and the operators' policy into a plan: which
// providers, in which order, with which deadlines and at what price.
// gateway/dispatch walks the plan; routing decides nothing while it runs.
package routing
