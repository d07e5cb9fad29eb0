// Package command has the commands of imgctl, a file for each noun and for
// each command that is more than a few lines. Commands speak to a gateway
// through pkg/operator and to the person through ctl/terminal; what they share
// is in ctl/app.
package command
