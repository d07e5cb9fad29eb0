package command

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

var (
	errNoToken     = errors.New("no admin token")
	errWaited      = errors.New("the wait timed out")
	errTaskFailed  = errors.New("the task did not succeed")
	errSwitchEnded = errors.New("the switch was not done")
)

// usageError is a mistake in how the command was called.
type usageError struct{ error }

// Unwrap gives the mistake.
func (e usageError) Unwrap() error { return e.error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// within refuses a number that is out of its range.
func within(flag string, n, least, most int) error {
	if n < least || n > most {
		return usage("%s must be %d…%d, is %d", flag, least, most, n)
	}
	return nil
}

// Execute runs imgctl and returns its exit code.
func Execute(ctx context.Context, a *App, args []string) int {
	root := New(a)
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	a.talk("imgctl: %v", err)
	code := a.exitCode(err)
	if code == exitUsage {
		a.talk("See '%s --help'.", path(cmd))
	}
	return code
}

func path(cmd *cobra.Command) string { return cmd.CommandPath() }

// exitCode says in a number what the caller can do.
func (a *App) exitCode(err error) int {
	var use usageError
	var unreachable *url.Error
	switch {
	case errors.As(err, &use), !a.started, errors.Is(err, terminal.ErrNoTerminal):
		return exitUsage
	case errors.Is(err, errTaskFailed), errors.Is(err, errSwitchEnded):
		return exitTaskFailed
	case errors.Is(err, errWaited):
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
