package generate

import (
	"context"
	"errors"
	"image"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/prompt"
	"github.com/imgfleet/imgfleet/pkg/scrub"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/turns"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
	"github.com/imgfleet/imgfleet/worker/picture"
	"github.com/imgfleet/imgfleet/worker/provider"
	"github.com/imgfleet/imgfleet/worker/spool"
)

// errStopping is why attempts stop when the worker's time is up.
var errStopping = errors.New("worker stops")

type maker interface {
	Make(ctx context.Context, r provider.Request, report func(provider.Progress)) (provider.Picture, error)
}

type normaliser interface {
	Normalise(ctx context.Context, raw []byte, l picture.Limits) (picture.Photo, error)
	Open(ctx context.Context, raw []byte) (*image.YCbCr, error)
}

type labeller interface {
	Brand(img *image.YCbCr, words string) error
	Label(img *image.YCbCr, id string, quality int) ([]byte, error)
}

type checker interface {
	CheckPicture(ctx context.Context, jpeg []byte) error
}

// Parts are the stages an attempt runs through.
type Parts struct {
	Providers map[string]*provider.Provider
	Pictures  *picture.Normaliser
	Labels    labeller
	Pixels    checker      // judges uploads and results
	Spool     *spool.Spool // nil: pictures are kept in memory only
	Logger    *slog.Logger
	Registry  prometheus.Registerer // may be nil
}

// Worker implements workerrpc.Worker.
type Worker struct {
	cfg      Config
	makers   map[string]maker
	profiles map[string]prompt.Profile // of the makers' models
	prompts  *prompt.Builder
	pictures normaliser
	labels   labeller
	pixels   checker
	logger   *slog.Logger
	words    *scrub.Scrubber
	objects  *objects
	runs     *registry
	spool    *spool.Spool
	stable   stableCache
	line     *turns.Line // uploads that are judged or wait for it
	metrics  *metrics
}

var _ workerrpc.Worker = (*Worker)(nil)

// New puts the stages together; cfg must be valid.
func New(cfg Config, p Parts) *Worker {
	w := &Worker{
		cfg: cfg, makers: map[string]maker{}, profiles: map[string]prompt.Profile{}, prompts: prompt.New(), pictures: p.Pictures, labels: p.Labels, pixels: p.Pixels,
		logger: p.Logger, words: scrub.New(), objects: newObjects(cfg.NoLoopback), runs: newRegistry(cfg), spool: p.Spool,
		line:    turns.New(turns.Config{Room: func() int { return cfg.Inspects }, Most: cfg.InspectLine}),
		metrics: newMetrics(p.Registry),
	}
	for name, one := range p.Providers {
		w.makers[name], w.profiles[name] = one, one.Profile()
	}
	return w
}

// Inspects is how many photos are judged at once.
func (w *Worker) Inspects() int { return w.cfg.Inspects }

// InFlight is the number of attempts that run now.
func (w *Worker) InFlight() int { return w.runs.inFlight() }

// Generate implements workerrpc.Worker.
func (w *Worker) Generate(ctx context.Context, a workerrpc.Attempt, send func(workerrpc.Update) error) error {
	if !task.ValidID(string(a.Task)) || a.Number < 1 {
		return fault.New(fault.AttemptInvalid)
	}
	r, refusal, err := w.attach(a)
	if err != nil {
		return err
	}
	if refusal != nil {
		return send(workerrpc.Update{Outcome: refusal})
	}
	return r.follow(ctx, w.cfg.Heartbeat, send)
}

// attach finds the attempt or starts it. A worker that is full or draining
// refuses with an outcome, which costs the task nothing.
func (w *Worker) attach(a workerrpc.Attempt) (*run, *workerrpc.Outcome, error) {
	k := key{a.Task, a.Number}
	if found, _ := w.runs.claim(k, nil); found != nil {
		found.ask(a)
		return found, nil, nil
	}
	if e := w.spool.Take(a.Task, a.Number); e != nil {
		return w.takeUp(k, a, e), nil, nil
	}
	if a.AttachOnly {
		return nil, nil, fault.New(fault.AttemptUnknown)
	}
	m, ok := w.makers[a.Provider]
	if !ok {
		return nil, nil, fault.New(fault.ProviderNotServed).With("provider", a.Provider)
	}
	found, created := w.runs.claim(k, func() *run {
		return w.start(a, func(ctx context.Context, r *run) { w.attempt(ctx, r, a, m) })
	})
	switch {
	case found != nil:
		return found, nil, nil
	case created != nil:
		return created, nil, nil
	default:
		return nil, &workerrpc.Outcome{
			Task: a.Task, Number: a.Number, Result: task.NotSent, Class: task.ClassBusy, Code: string(fault.WorkerBusy),
		}, nil
	}
}

// takeUp stores what a worker left that died.
func (w *Worker) takeUp(k key, a workerrpc.Attempt, e *spool.Entry) *run {
	return w.runs.adopt(k, func() *run {
		if a.StoreWithin <= 0 {
			a.StoreWithin = w.cfg.StoreWithin
		}
		return w.start(a, func(ctx context.Context, r *run) { w.resume(ctx, r, a, e) })
	})
}

// start lets an attempt run on its own: it outlives the stream that asked.
func (w *Worker) start(a workerrpc.Attempt, work func(context.Context, *run)) *run {
	ctx, cancel := context.WithCancelCause(context.Background())
	r := newRun(a, cancel)
	go func() {
		defer cancel(nil)
		defer w.runs.done(r)
		work(ctx, r)
	}()
	return r
}

// Cancel implements workerrpc.Worker. An attempt that is not known, or that
// ended, needs no cancel. A picture that nobody wants leaves the spool.
func (w *Worker) Cancel(_ context.Context, id task.ID, number int) error {
	if r := w.runs.find(key{id, number}); r != nil {
		r.cancel(provider.ErrCanceled)
		return nil
	}
	w.spool.Take(id, number).Remove()
	return nil
}

// Drain lets no new attempt start and waits for the running ones. When ctx
// ends first it asks them to stop, and returns ctx's error.
func (w *Worker) Drain(ctx context.Context) error {
	idle := w.runs.close()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		w.runs.cancelAll(errStopping)
		return ctx.Err()
	}
}

// Draining makes the worker refuse new attempts from now on.
func (w *Worker) Draining() { _ = w.runs.close() }
