package dispatch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/bytedance/sonic"

	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// deadWait is how long a worker that refuses connections is given to come
// back with its manifest before its call counts as unknown.
const deadWait = time.Second

// attached joins the call that a record says is running: by its manifest, by
// the worker that makes it, or else with an unknown outcome.
func (w *walk) attached(ctx context.Context, a task.Attempt) (workerrpc.Outcome, error) {
	if w.rec.Canceling {
		w.interrupted(ctx, a)
	}
	return w.recover(ctx, w.request(a, w.timeout(a)), a)
}

func (w *walk) timeout(a task.Attempt) time.Duration {
	for _, p := range w.Router.Config().Providers {
		if p.Name == a.Provider {
			return p.Timeout
		}
	}
	return time.Minute
}

// recover finds the outcome of a call whose stream is gone. It never starts a
// call again: what it cannot find is unknown.
func (w *walk) recover(ctx context.Context, req workerrpc.Attempt, a task.Attempt) (workerrpc.Outcome, error) {
	req.AttachOnly = true
	unknown := workerrpc.Outcome{Result: task.Unknown, Class: task.ClassNetwork, Code: "stream_lost"}
	patience := a.StartedAt.Add(req.Timeout + callGrace)
	var dead time.Time
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		if out, err := w.manifest(ctx, a.Number); err == nil {
			w.metrics.recovered.WithLabelValues("manifest").Inc()
			return out, nil
		}
		out, _, err := w.stream(ctx, req, a)
		switch {
		case ctx.Err() != nil:
			w.abandon(ctx, a)
			return unknown, context.Cause(ctx)
		case err == nil:
			w.metrics.recovered.WithLabelValues("attach").Inc()
			return out, nil
		case fault.CodeOf(err) == "attempt_unknown", fault.CodeOf(err) == "worker_unreachable":
			// That process is gone, or never began. It may have left its
			// manifest in its last moment; paid calls wait for it longer.
			if dead.IsZero() {
				dead = time.Now()
			}
			if time.Since(dead) > w.deadPatience(a) {
				return w.unknown(unknown), nil
			}
		default:
			dead = time.Time{}
		}
		if time.Now().After(patience) {
			return w.unknown(unknown), nil
		}
		if err := sleep(ctx, wait); err != nil {
			w.abandon(ctx, a)
			return unknown, err
		}
	}
}

func (w *walk) unknown(o workerrpc.Outcome) workerrpc.Outcome {
	w.metrics.recovered.WithLabelValues("unknown").Inc()
	return o
}

// deadPatience is how long the manifest of a dead worker is waited for:
// fallback.unknown "wait" waits for paid calls as long as they may take.
func (w *walk) deadPatience(a task.Attempt) time.Duration {
	if a.PriceFen > 0 && w.Router.Config().Unknown == routing.UnknownWait {
		return time.Until(a.StartedAt.Add(w.timeout(a) + callGrace))
	}
	return deadWait
}

// manifest reads the outcome that a worker left in the store.
func (w *walk) manifest(ctx context.Context, number int) (workerrpc.Outcome, error) {
	var out workerrpc.Outcome
	o, err := w.Objects.Open(ctx, manifestKey(w.rec, number))
	if err != nil {
		return out, err
	}
	defer func() { _ = o.Close() }()
	data, err := io.ReadAll(io.LimitReader(o, maxManifest))
	if err != nil {
		return out, fmt.Errorf("read manifest: %w", err)
	}
	if err := sonic.Unmarshal(data, &out); err != nil {
		return out, fmt.Errorf("decode manifest: %w", err)
	}
	if out.Task != w.job.ID || out.Number != number {
		return out, errors.New("manifest of another attempt")
	}
	return out, nil
}
