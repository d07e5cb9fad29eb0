package judging

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
	"github.com/imgfleet/imgfleet/pkg/tick"
	"github.com/imgfleet/imgfleet/pkg/turns"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

const (
	storeLook = 500 * time.Millisecond // while a photo waits or is judged
	storeBack = 5 * time.Second        // then the person tries again

	// within is how long a photo may be judged once it has its turn, on a machine
	// that is busy.
	within = time.Minute

	// How many wait at one gateway. Somebody's camera roll fits, and a hall behind
	// one address; a script does not keep out the others.
	most       = 512
	perNetwork = 256
	perSession = 16

	fullAfter = 5 * time.Second // a photo that found no place may come again
)

// workers is gateway/fleet.
type workers interface {
	Inspect(ctx context.Context, r workerrpc.InspectRequest) (workerrpc.Inspected, error)
	Judges() int
}

// Bench has workers judge photos for as long as the store is there. They read the
// photo from it and write another one, in a line behind others, and would wait for
// a store that hangs as long as for a difficult photo.
type Bench struct {
	workers workers
	stored  func(context.Context) bool
	line    *turns.Line
	waited  prometheus.Histogram
	refused prometheus.Counter
}

// New makes a bench. stored reports whether the store is there; a nil registry is
// fine.
func New(w workers, stored func(context.Context) bool, reg prometheus.Registerer) *Bench {
	f := telemetry.For(reg, "judging")
	b := &Bench{
		workers: w, stored: stored,
		line:    turns.New(turns.Config{Room: w.Judges, Most: most, PerNetwork: perNetwork, PerSession: perSession}),
		waited:  f.Seconds("wait", "Time until a photo had its turn to be judged.", prometheus.ExponentialBuckets(0.01, 3, 9)),
		refused: f.Counter("full", "Photos that found no place to wait for a judgement."),
	}
	if reg != nil {
		reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "imgfleet_judging_waiting", Help: "Photos that wait for their turn to be judged.",
		}, func() float64 { return float64(b.line.Waiting()) }))
	}
	return b
}

// Inspect waits for the photo's turn, as long as ctx allows, and gives the workers'
// verdict. What a worker has begun goes on when ctx ends.
func (b *Bench) Inspect(ctx context.Context, r workerrpc.InspectRequest) (got workerrpc.Inspected, err error) {
	var giveBack func()
	err = b.whileStored(ctx, func(ctx context.Context) (err error) {
		giveBack, err = b.turn(ctx, r.Turn)
		return err
	})
	if err != nil {
		return got, err
	}
	defer giveBack()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), within)
	defer cancel()
	err = b.whileStored(ctx, func(ctx context.Context) (err error) {
		got, err = b.workers.Inspect(ctx, r)
		return err
	})
	return got, err
}

// turn waits for the turn of a photo.
func (b *Bench) turn(ctx context.Context, t workerrpc.Turn) (giveBack func(), err error) {
	began := time.Now()
	giveBack, err = b.line.Take(ctx, turns.Key{Lane: t.Site, Network: t.Network, Session: t.Session})
	if errors.Is(err, turns.ErrFull) || errors.Is(err, context.DeadlineExceeded) {
		b.refused.Inc()
		return nil, fault.Wrap(fault.WorkerBusy, err).After(fullAfter)
	}
	if err != nil {
		return nil, fault.Wrap(fault.RequestCanceled, err)
	}
	b.waited.Observe(time.Since(began).Seconds())
	return giveBack, nil
}

// whileStored ends what is done when the store is lost.
func (b *Bench) whileStored(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	var watching sync.WaitGroup
	defer watching.Wait()
	defer cancel(nil)
	watching.Go(func() {
		for range tick.After(ctx, storeLook) {
			if ctx.Err() == nil && !b.stored(ctx) {
				cancel(fault.New(fault.StorageUnavailable).After(storeBack))
			}
		}
	})
	err := do(ctx)
	if cause := context.Cause(ctx); err != nil && fault.CodeOf(cause) == fault.StorageUnavailable {
		err = cause
	}
	return err
}
