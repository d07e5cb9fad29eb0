// Package contexts keeps which gateways imgctl knows and which one it speaks
// to. ctl/command reads and edits the file; ctl/dev selects a context for as
// long as it runs.
package contexts
