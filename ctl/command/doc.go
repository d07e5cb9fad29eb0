// Package command is what a person types after imgctl: one file a command,
// each with its options, its flags and its run. Main builds the tree with New;
// commands speak to a gateway through pkg/operator and to the person through
// ctl/terminal.
package command
