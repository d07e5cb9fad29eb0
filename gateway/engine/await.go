package engine

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
	"github.com/imgfleet/imgfleet/pkg/tick"
)

const (
	waitingSaid = 10 * time.Second       // how often the same reason of a wait is logged
	waitLasts   = time.Second            // what is shorter needs no word
	insistEvery = 200 * time.Millisecond // nothing announces that the engine is there again
)

// patience is a wait for the engine that says why it waits: at once when the
// reason changes, else every ten seconds.
type patience struct {
	log   *slog.Logger
	where string
	worth telemetry.SeldomOf
	began atomic.Pointer[time.Time]
}

func newPatience(log *slog.Logger, where string) *patience {
	p := &patience{log: log, where: where, worth: telemetry.SeldomOf{Every: waitingSaid}}
	p.begin()
	return p
}

// begin is a new wait.
func (p *patience) begin() {
	now := time.Now()
	p.began.Store(&now)
}

// lasts reports whether the wait is worth a word.
func (p *patience) lasts() bool { return time.Since(*p.began.Load()) > waitLasts }

func (p *patience) say(err error) {
	if why := cause(err); p.worth.Worth(why) {
		p.log.Warn("waiting for the engine", "engine", p.where, "reason", why, "since", p.began.Load().Format(time.TimeOnly))
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

// Insist is for what a start asks of the engine: it tries until the engine has
// answered, and says why it waits. It gives up when ctx ends and at a fault that
// time does not mend. Each try has a bound of its own.
func (e *Engine) Insist(ctx context.Context, try func(context.Context) error) error {
	for {
		err := try(ctx)
		if err == nil || lasting(err) {
			return err
		}
		if ctx.Err() != nil {
			return Classify(err)
		}
		e.patience.say(err)
		tick.Wait(ctx, insistEvery)
	}
}

// lasting reports a fault that waiting does not mend: one of the configuration,
// or of what the engine keeps. What the engine cannot do now it may do later:
// its nodes may be on their way, and another gateway may make the same stream.
func lasting(err error) bool {
	var refused refusal
	var api *jetstream.APIError
	switch {
	case errors.As(err, &refused):
		return true
	case away(err), few(err), errors.Is(err, jetstream.ErrStreamNameAlreadyInUse), errors.Is(err, jetstream.ErrStreamNotFound):
		return false
	case errors.As(err, &api):
		return api.Code < http.StatusInternalServerError
	}
	kind := fault.KindOf(err)
	return kind != fault.Unavailable && kind != fault.Timeout
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
	case unwelcome(err):
		return "it refuses engine.token or engine.creds"
	case errors.As(err, &unknown), errors.As(err, &hostname), errors.As(err, &invalid):
		return "its certificate is not trusted: " + err.Error()
	case errors.As(err, &alert):
		return "it refuses our certificate: " + err.Error()
	case errors.Is(err, nats.ErrSecureConnRequired):
		return "it wants TLS: engine.url must begin with tls://"
	case errors.Is(err, nats.ErrSecureConnWanted), errors.As(err, &record):
		return "it speaks no TLS: engine.url must begin with nats://"
	case errors.Is(err, nats.ErrNoServers), errors.Is(err, syscall.ECONNREFUSED):
		return "nobody listens there"
	case few(err):
		return "it has too few nodes for engine.replicas"
	case away(err):
		return "it does not answer yet"
	}
	return err.Error()
}

// unwelcome reports whether the engine refuses our token or credentials.
func unwelcome(err error) bool {
	for _, refusal := range []error{nats.ErrAuthorization, nats.ErrAuthExpired, nats.ErrAuthRevoked, nats.ErrAccountAuthExpired} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return strings.Contains(strings.ToLower(err.Error()), "authorization violation")
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

// trouble is told of errors by the client library, which would write them to
// standard error. Whoever meets the others sees them; of a refusal nobody else
// hears while the connection is made again.
func (e *Engine) trouble(_ *nats.Conn, _ *nats.Subscription, err error) {
	if unwelcome(err) && !e.closing.Load() {
		e.patience.say(err)
	}
}

// unreached is called after each try to connect again that failed. Of several
// nodes another one may answer in the next moment.
func (e *Engine) unreached(_ *nats.Conn, err error) {
	if !e.closing.Load() && e.patience.lasts() {
		e.patience.say(err)
	}
}

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
