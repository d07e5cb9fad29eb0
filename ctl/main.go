// Command imgctl starts imgfleet on one machine and steers gateways anywhere.
package main

import (
	"context"
	"os"
	"os/signal"
	"os/user"
	"syscall"
	"time"

	"github.com/imgfleet/imgfleet/ctl/app"
	"github.com/imgfleet/imgfleet/ctl/command"
	"github.com/imgfleet/imgfleet/ctl/terminal"
)

// version is set by the build.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Getenv, os.Environ(), terminal.System(os.Getenv))
	stop()
	os.Exit(code)
}

// run is main without the process: it returns the exit code.
func run(ctx context.Context, args []string, getenv func(string) string, environ []string, streams *terminal.Streams) int {
	executable, err := os.Executable()
	if err != nil {
		executable = os.Args[0]
	}
	a := &app.App{
		Streams: streams, Getenv: getenv, Environ: environ, Who: who(getenv), Version: version, Executable: executable,
		WatchEvery: time.Second,
	}
	return a.Execute(ctx, command.New(a), args)
}

// who is how the history names this person: as they are known on this
// machine.
func who(getenv func(string) string) string {
	name := getenv("USER")
	if u, err := user.Current(); name == "" && err == nil {
		name = u.Username
	}
	host, err := os.Hostname()
	if err != nil {
		return name
	}
	return name + "@" + host
}
