package mock

import (
	"context"
	"errors"
	"hash/fnv"
	"math/rand/v2"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/tick"
	"github.com/imgfleet/imgfleet/worker/provider"
	"github.com/imgfleet/imgfleet/worker/provider/mock/painter"
)

// Driver is the mock vendor.
type Driver struct {
	name  string
	knobs Knobs
	copy  []byte // the fixed picture, nil when it paints
}

// New makes a mock vendor with a name and knobs.
func New(name string, k Knobs) (*Driver, error) {
	d := &Driver{name: name, knobs: k}
	if k.Copy {
		fixed, err := painter.Sample()
		if err != nil {
			return nil, err
		}
		d.copy = fixed
	}
	return d, nil
}

// Name implements provider.Driver.
func (d *Driver) Name() string { return d.name }

// Make implements provider.Driver. It takes about the configured latency,
// painting included, and reports each step.
func (d *Driver) Make(ctx context.Context, r provider.Request, report func(provider.Progress)) (provider.Picture, error) {
	dice := d.dice(r.ID)
	total := d.latency(dice)
	fails := dice.Float64() < d.knobs.Fail
	start := time.Now()
	pic := provider.Picture{RequestID: "mock-" + r.ID}
	if !d.knobs.Sync {
		pic.VendorTask = pic.RequestID
	}
	photo, err := d.photo(ctx, r)
	if err != nil {
		return provider.Picture{}, err
	}
	if d.knobs.Journal != "" && r.VendorTask == "" {
		if err := note(d.knobs.Journal, call{ID: r.ID, Provider: d.name, At: start.UTC()}); err != nil {
			return provider.Picture{}, err
		}
	}
	report(provider.Progress{VendorTask: pic.VendorTask})
	for step := 1; step <= d.knobs.Steps; step++ {
		if step == d.knobs.Steps && !fails {
			if err := d.draw(photo, r, &pic); err != nil {
				return provider.Picture{}, err
			}
		}
		until := start.Add(total * time.Duration(step) / time.Duration(d.knobs.Steps))
		if !tick.Wait(ctx, time.Until(until)) {
			return provider.Picture{}, stopped(ctx.Err(), pic.VendorTask)
		}
		if fails && 2*step >= d.knobs.Steps {
			return provider.Picture{}, d.failure(pic.VendorTask)
		}
		report(provider.Progress{Percent: min(step*100/d.knobs.Steps, 99)})
	}
	return pic, nil
}

func (d *Driver) photo(ctx context.Context, r provider.Request) ([]byte, error) {
	if d.copy != nil {
		return nil, nil
	}
	return r.Photo(ctx)
}

// draw fills pic: fixed bytes, or a painting of the photo.
func (d *Driver) draw(photo []byte, r provider.Request, pic *provider.Picture) (err error) {
	if d.copy != nil {
		pic.Data, pic.Stable = d.copy, "mock-copy"
		return nil
	}
	pic.Data, err = painter.Paint(photo, painter.Scene{Style: r.Style, Place: r.Place, Options: r.Options, Seed: r.Seed})
	if err != nil {
		return &provider.Failure{Outcome: task.Rejected, Class: task.ClassInput, Code: "photo_unreadable", Err: err}
	}
	return nil
}

// dice are fixed by the seed knob and the attempt, or truly random.
func (d *Driver) dice(id string) *rand.Rand {
	if d.knobs.Seed == 0 {
		return rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(id))
	return rand.New(rand.NewPCG(uint64(d.knobs.Seed), h.Sum64()))
}

func (d *Driver) latency(dice *rand.Rand) time.Duration {
	shift := time.Duration((dice.Float64()*2 - 1) * float64(d.knobs.Jitter))
	return max(0, d.knobs.Latency+shift)
}

func (d *Driver) failure(vendorTask string) error {
	f := &provider.Failure{
		Outcome: outcome(d.knobs.Class), Class: d.knobs.Class, Code: "mock_" + string(d.knobs.Class),
		VendorTask: vendorTask, Err: errors.New("the fail knob said so"),
	}
	if f.Class == task.ClassRate {
		f.RetryAfter = time.Second
	}
	return f
}

// stopped: the mock stops at once and bills nothing for what was canceled.
func stopped(err error, vendorTask string) error {
	f := &provider.Failure{Outcome: task.FailedUnbilled, Class: task.ClassCanceled, VendorTask: vendorTask, Err: err}
	if errors.Is(err, context.DeadlineExceeded) {
		f.Outcome, f.Class = task.Unknown, task.ClassTimeout
	}
	return f
}
