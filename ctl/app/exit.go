package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/contexts"
	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

// The exit codes are part of the contract.
const (
	exitOK           = 0
	exitGeneral      = 1
	exitUsage        = 2
	exitUnauthorised = 4
	exitNotFound     = 5
	exitConflict     = 6
	exitRetry        = 7
	exitWaitTimedOut = 8
	exitTaskFailed   = 9
)

// Errors that have exit codes of their own.
var (
	ErrWaited      = errors.New("the wait timed out")
	ErrTaskFailed  = errors.New("the task did not succeed")
	ErrSwitchEnded = errors.New("the switch was not done")

	errNoToken = errors.New("no admin token")
)

// usageError is a mistake in how the command was called.
type usageError struct{ error }

// Unwrap gives the mistake.
func (e usageError) Unwrap() error { return e.error }

// Usage is a mistake in how the command was called: the exit code is 2.
func Usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// Within refuses a number that is out of its range.
func Within(flag string, n, least, most int) error {
	if n < least || n > most {
		return Usage("%s must be %d…%d, is %d", flag, least, most, n)
	}
	return nil
}

// Misused reports whether an error is a mistake in how the command was called.
func Misused(err error) bool {
	var use usageError
	return errors.As(err, &use)
}

// Away reports whether the gateway may answer when it is asked again.
func (a *App) Away(err error) bool { return a.exitCode(err) == exitRetry }

// Execute runs the root command and returns the exit code.
func (a *App) Execute(ctx context.Context, root *cobra.Command, args []string) int {
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	a.Talk("imgctl: %v", err)
	code := a.exitCode(err)
	if code == exitUsage {
		a.Talk("See '%s --help'.", cmd.CommandPath())
	}
	return code
}

// exitCode says in a number what the caller can do.
func (a *App) exitCode(err error) int {
	var unreachable *url.Error
	switch {
	case Misused(err), !a.started, errors.Is(err, terminal.ErrNoTerminal):
		return exitUsage
	case errors.Is(err, ErrTaskFailed), errors.Is(err, ErrSwitchEnded):
		return exitTaskFailed
	case errors.Is(err, ErrWaited):
		return exitWaitTimedOut
	case errors.Is(err, errNoToken):
		return exitUnauthorised
	case errors.Is(err, contexts.ErrUnknown):
		return exitNotFound
	case operator.StatusOf(err) != 0:
		return exitOf(operator.StatusOf(err))
	case errors.Is(err, context.Canceled):
		return exitGeneral
	case errors.As(err, &unreachable):
		return exitRetry
	default:
		return exitGeneral
	}
}

func exitOf(status int) int {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return exitUnauthorised
	case http.StatusNotFound, http.StatusGone:
		return exitNotFound
	case http.StatusConflict, http.StatusPreconditionFailed:
		return exitConflict
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return exitRetry
	default:
		return exitGeneral
	}
}
