package engine

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
	"github.com/imgfleet/imgfleet/pkg/tick"
)

const waitingSaid = 10 * time.Second // how often the same reason of a wait is logged

// patience is a wait for the engine that says why it waits: at once when the
// reason changes, else every ten seconds.
type patience struct {
	log   *slog.Logger
	where string
	worth telemetry.Seldom
	began time.Time
}

func newPatience(log *slog.Logger, where string) *patience {
	return &patience{log: log, where: where, worth: telemetry.Seldom{Every: waitingSaid}, began: time.Now()}
}

func (p *patience) say(err error) {
	if why := cause(err); p.worth.Worth(why) {
		p.log.Warn("waiting for the engine", "engine", p.where, "reason", why, "since", p.began.Format(time.TimeOnly))
	}
}

// await tries until it works or ctx ends: nothing announces that a remote
// engine came up.
func await[T any](ctx context.Context, p *patience, try func() (T, error), drop func(T)) (T, error) {
	for {
		v, err := soon(ctx, try, drop)
		if err == nil {
			return v, nil
		}
		if ctx.Err() == nil {
			p.say(err)
		}
		if !tick.Wait(ctx, awaitEvery) {
			return v, fault.Wrap(fault.EngineUnavailable, err)
		}
	}
}

// soon makes something, and does not wait for it when ctx ends: then what was
// made after all is dropped.
func soon[T any](ctx context.Context, build func() (T, error), drop func(T)) (v T, err error) {
	type result struct {
		v   T
		err error
	}
	done := make(chan result, 1)
	go func() {
		v, err := build()
		done <- result{v, err}
	}()
	select {
	case <-ctx.Done():
		go func() {
			if r := <-done; r.err == nil {
				drop(r.v)
			}
		}()
		return v, fault.Wrap(fault.EngineUnavailable, context.Cause(ctx))
	case r := <-done:
		return r.v, r.err
	}
}

// cause says in an operator's words why the engine cannot be used.
func cause(err error) string {
	var (
		unknown  x509.UnknownAuthorityError
		hostname x509.HostnameError
		invalid  x509.CertificateInvalidError
		record   tls.RecordHeaderError
		alert    tls.AlertError
	)
	switch {
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired), errors.Is(err, nats.ErrAuthRevoked), strings.Contains(strings.ToLower(err.Error()), "authorization violation"):
		return "it refuses engine.token or engine.creds"
	case errors.As(err, &unknown), errors.As(err, &hostname), errors.As(err, &invalid):
		return "its certificate is not trusted: " + err.Error()
	case errors.As(err, &alert):
		return "it refuses our certificate: " + err.Error()
	case errors.Is(err, nats.ErrSecureConnRequired):
		return "it wants TLS: engine.url must begin with tls://"
	case errors.Is(err, nats.ErrSecureConnWanted), errors.As(err, &record):
		return "it speaks no TLS: engine.url must begin with nats://"
	case errors.Is(err, nats.ErrNoServers):
		return "nobody listens there"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrTimeout), errors.Is(err, nats.ErrNoResponders):
		return "it does not answer yet"
	}
	return err.Error()
}

// hosts are the addresses of a URL, without what may be secret.
func hosts(urls string) string {
	var out []string
	for each := range strings.SplitSeq(urls, ",") {
		if u, err := url.Parse(strings.TrimSpace(each)); err == nil {
			out = append(out, u.Host)
		}
	}
	return strings.Join(out, ",")
}

// silent is what the client library is given for errors: it would write them to
// standard error.
func silent(*nats.Conn, *nats.Subscription, error) {}

// said is one line about the link.
func (e *Engine) said(up bool, down time.Duration) {
	if e.closing.Load() {
		return
	}
	if up {
		e.log.Info("engine is back", "after", down.Round(time.Millisecond))
		return
	}
	reason := "the connection broke"
	if err := e.conn.LastError(); err != nil {
		reason = fmt.Sprint(err)
	}
	e.log.Warn("engine lost", "reason", reason)
}
