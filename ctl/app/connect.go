package app

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/ctl/contexts"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/secret"
)

// callTimeout is how long a person waits for one answer.
const callTimeout = 30 * time.Second

// Client connects to the gateway that flags, environment and contexts choose.
// A token that belongs to a context is never sent to another server.
func (a *App) Client() (*operator.Client, error) {
	target := contexts.Context{Server: a.Server}
	if a.Server == "" {
		var err error
		if target, err = a.target(); err != nil {
			return nil, err
		}
	}
	token, err := a.token(target)
	if err != nil {
		return nil, err
	}
	roots, err := authorities(cmp.Or(a.CAFile, target.CAFile))
	if err != nil {
		return nil, err
	}
	c, err := operator.NewClient(operator.ClientConfig{
		Server: target.Server, Token: secret.New(token), Who: a.Who, Roots: roots, InsecureHTTP: a.Insecure || target.InsecureHTTP,
	})
	if err != nil {
		return nil, usageError{err}
	}
	return c, nil
}

// target is the context that is asked for, or the selected one.
func (a *App) target() (contexts.Context, error) {
	file := contexts.At(a.Getenv)
	c, err := file.Load()
	if err != nil {
		return contexts.Context{}, err
	}
	name := a.context
	if name == "" {
		name = c.Current
	}
	if name == "" {
		return contexts.Context{}, usageError{errors.New(
			"no gateway is chosen: start one with `imgctl dev`, add one with `imgctl context add`, or give --server and --token-file")}
	}
	return c.Find(name)
}

func (a *App) token(target contexts.Context) (string, error) {
	if a.TokenFile == "" {
		if token := a.Getenv("IMGCTL_TOKEN"); token != "" {
			return strings.TrimSpace(token), nil
		}
	}
	path := a.TokenFile
	if path == "" {
		path = target.TokenFile
	}
	if path == "" {
		return "", fmt.Errorf("%w: give --token-file or set IMGCTL_TOKEN", errNoToken)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("%w: %w", errNoToken, err)
	}
	return strings.TrimSpace(string(raw)), nil
}

func authorities(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("--ca-file: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(raw) {
		return nil, fmt.Errorf("--ca-file: %s holds no certificate", path)
	}
	return pool, nil
}

// Call runs one exchange with the gateway within a time a person waits.
func (a *App) Call(ctx context.Context, exchange func(context.Context, *operator.Client) error) error {
	c, err := a.Client()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return exchange(ctx, c)
}
