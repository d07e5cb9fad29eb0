// Package app is what every command of imgctl works with: the root command and
// its flags, the connection to a gateway, the shapes that commands have (show,
// change, act), completion, output and exit codes. Main makes an App,
// ctl/command gives it the commands.
package app
