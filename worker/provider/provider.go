package provider

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/pkg/prompt"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
)

// Provider is a configured vendor: a driver and what every driver needs.
type Provider struct {
	cfg     Config
	driver  Driver
	secrets []string
	slots   chan struct{} // nil: no bound
	seconds *prometheus.HistogramVec
	running prometheus.Gauge
	metrics *Metrics
}

// Metrics are shared by all providers of a process.
type Metrics struct {
	seconds   *prometheus.HistogramVec
	running   *prometheus.GaugeVec
	remaining *prometheus.GaugeVec
}

// NewMetrics registers the providers' metrics; reg may be nil.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	f := telemetry.For(reg, "provider")
	return &Metrics{
		seconds:   f.SecondsBy("attempt", "Time of one call to a vendor, by how it ended.", []float64{.01, .05, .25, .5, 1, 2, 3, 5, 8, 12, 20, 30, 60, 120}, "provider", "outcome", "class"),
		running:   f.Gauges("running_calls", "Calls to a vendor that are running now.", "provider"),
		remaining: f.Gauges("remaining_calls", "What a vendor last said may still be asked for in its period; absent for vendors that say nothing.", "provider"),
	}
}

// New wraps driver. Secrets are cut out of every error that passes.
func New(cfg Config, driver Driver, m *Metrics, secrets ...string) *Provider {
	p := &Provider{cfg: cfg, driver: driver, seconds: m.seconds, running: m.running.WithLabelValues(cfg.Name), metrics: m}
	for _, s := range secrets {
		if s == "" {
			continue
		}
		p.secrets = append(p.secrets, s)
		if _, secret, ok := strings.Cut(s, ":"); ok && secret != "" { // some keys are an id and a secret
			p.secrets = append(p.secrets, secret)
		}
	}
	if m, ok := driver.(interface{ Model() string }); ok { // what a driver draws with when nobody named a model
		p.cfg.Model = m.Model()
	}
	if cfg.MaxConcurrent > 0 {
		p.slots = make(chan struct{}, cfg.MaxConcurrent)
	}
	return p
}

// Name is the name the operator gave.
func (p *Provider) Name() string { return p.cfg.Name }

// Profile is how the configured model wants to be asked.
func (p *Provider) Profile() prompt.Profile { return prompt.For(p.cfg.Kind, p.cfg.Model) }

// PriceFen is the configured price of one picture.
func (p *Provider) PriceFen() int64 { return p.cfg.PriceFen }

// Make asks the vendor once. Its error is always a *Failure. A full provider
// refuses at once as busy and not sent: the gateway, which sees the whole
// fleet, decides where to go instead.
func (p *Provider) Make(ctx context.Context, r Request, report func(Progress)) (Picture, error) {
	if p.slots != nil {
		select {
		case p.slots <- struct{}{}:
			defer func() { <-p.slots }()
		default:
			return Picture{}, NotSent(task.ClassBusy, errors.New("provider is at its bound"))
		}
	}
	if p.cfg.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, p.cfg.Timeout)
		defer cancel()
	}
	p.running.Inc()
	defer p.running.Dec()
	start := time.Now()
	pic, err := p.call(ctx, r, report)
	outcome, class, left := task.OK, task.ClassNone, pic.Remaining
	if err != nil {
		f := p.scrub(AsFailure(err))
		outcome, class, left, err = f.Outcome, f.Class, f.Remaining, f
	} else if pic.PriceFen == 0 {
		pic.PriceFen = p.cfg.PriceFen
	}
	if left != nil {
		p.metrics.remaining.WithLabelValues(p.cfg.Name).Set(float64(*left))
	}
	p.seconds.WithLabelValues(p.cfg.Name, string(outcome), string(class)).Observe(time.Since(start).Seconds())
	return pic, err
}

// call turns a driver's panic into an outcome of which nothing is known, and
// has the vendor drop what nobody waits for.
func (p *Provider) call(ctx context.Context, r Request, report func(Progress)) (pic Picture, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &Failure{
				Outcome: task.Unknown, Class: task.ClassTransient,
				Err: fmt.Errorf("driver panicked: %v\n%s", v, debug.Stack()),
			}
		}
	}()
	if pic, err = p.driver.Make(ctx, r, report); err != nil {
		err = p.takeBack(ctx, AsFailure(err))
	}
	return pic, err
}

// takeBackWithin is less than gateways wait for an outcome after its time.
const takeBackWithin = 5 * time.Second

// takeBack asks the vendor to drop work that was canceled, or whose time is
// up. Only what the vendor drops costs nothing; all else goes on and may be
// billed. A worker that stops takes nothing back: others resume its work.
func (p *Provider) takeBack(ctx context.Context, f *Failure) *Failure {
	c, ok := p.driver.(Canceler)
	unwanted := errors.Is(context.Cause(ctx), ErrCanceled) || errors.Is(ctx.Err(), context.DeadlineExceeded)
	if !ok || !unwanted || f.Outcome != task.Unknown || f.VendorTask == "" {
		return f
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), takeBackWithin)
	defer stop()
	g := *f
	if err := c.Cancel(ctx, f.VendorTask); err != nil {
		g.Err = errors.Join(f.Err, fmt.Errorf("not taken back: %w", err))
		return &g
	}
	g.Outcome, g.Code = task.FailedUnbilled, "job_canceled"
	return &g
}

// scrub returns f with every secret cut out of its words.
func (p *Provider) scrub(f *Failure) *Failure {
	g := *f
	g.Code, g.RequestID = p.cut(f.Code), p.cut(f.RequestID)
	if f.Err != nil {
		if text := f.Err.Error(); p.cut(text) != text {
			g.Err = errors.New(p.cut(text))
		}
	}
	return &g
}

func (p *Provider) cut(s string) string {
	for _, secret := range p.secrets {
		s = strings.ReplaceAll(s, secret, "[secret]")
	}
	return s
}
