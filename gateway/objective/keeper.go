package objective

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/bytedance/sonic"

	"github.com/imgfleet/imgfleet/gateway/alarm"
	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/tick"
)

const (
	// shareEvery is how often a gateway tells the others what it counted, if
	// anything: one small write for a minute of it.
	shareEvery = 2 * time.Second

	// shareLast bounds the last one, of a gateway that stops.
	shareLast = time.Second

	shareKept = Window + 2*time.Minute
)

// alarms is gateway/alarm.
type alarms interface {
	Raise(name alarm.Name, subject string, severity alarm.Severity, message string)
	Clear(name alarm.Name, subject string)
}

// Deps are what a keeper works with.
type Deps struct {
	ID     string // of this gateway, since its start
	Engine *engine.Engine
	Tally  *Tally
	Alarms alarms
	Logger *slog.Logger
}

// Keeper adds up what all gateways count, those that have stopped included,
// and judges the objectives by it.
type Keeper struct {
	config Config
	deps   Deps
	bucket *engine.Bucket
	others *engine.Mirror[Counts] // "<gateway>.<minute>"
	told   map[minute]Counts      // by us; only Run uses it
}

// Open prepares the keeper. Run keeps it.
func Open(ctx context.Context, c Config, d Deps) (*Keeper, error) {
	b, err := d.Engine.Bucket(ctx, engine.BucketConfig{Name: "objectives", MaxAge: shareKept})
	if err != nil {
		return nil, fmt.Errorf("open objectives: %w", err)
	}
	return &Keeper{config: c, deps: d, bucket: b, told: make(map[minute]Counts), others: engine.NewMirror(engine.MirrorConfig[Counts]{
		Bucket: b, Filter: ">",
		Read: func(_ context.Context, e engine.Entry) (c Counts, hold bool, err error) {
			hold = sonic.Unmarshal(e.Value, &c) == nil && !strings.HasPrefix(e.Key, d.ID+".")
			return c, hold, nil
		},
	})}, nil
}

// Run shares and judges until ctx ends.
func (k *Keeper) Run(ctx context.Context) error {
	mirrored := make(chan struct{})
	go func() { defer close(mirrored); _ = k.others.Run(ctx) }()
	defer func() { <-mirrored }()
	for range tick.After(ctx, shareEvery) {
		k.share(ctx)
		k.judge()
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), shareLast)
	defer cancel()
	k.share(last)
	return context.Cause(ctx)
}

// share writes the minutes of which the others do not know everything.
func (k *Keeper) share(ctx context.Context) {
	now := k.deps.Tally.window.look()
	for m, c := range now {
		if t := k.told[m]; t.Good == c.Good && t.Bad == c.Bad && t.Answers == c.Answers {
			continue
		}
		data, err := sonic.Marshal(c)
		if err == nil {
			_, err = k.bucket.Put(ctx, k.deps.ID+"."+m.String(), data, engine.AnyRevision, shareKept)
		}
		if err != nil {
			k.deps.Logger.Debug("objectives not shared, trying again", "err", err) // whoever is on call hears of the engine
			return
		}
		k.told[m] = c
	}
	for m := range k.told {
		if _, counts := now[m]; !counts {
			delete(k.told, m)
		}
	}
}

// sum adds up the window over all gateways, as far as they have told.
func (k *Keeper) sum() (all Counts) {
	for _, c := range k.deps.Tally.window.look() {
		all.add(c)
	}
	now := k.deps.Tally.window.now()
	for key, c := range k.others.All() {
		_, m, _ := strings.Cut(key, ".")
		if at, err := parseMinute(m); err == nil && !at.old(now) {
			all.add(c)
		}
	}
	return all
}

// Objectives are what people are promised, beside what they got within Window.
func (k *Keeper) Objectives() []operator.Objective { return k.config.measured(k.sum()) }

// judge raises and clears the alarms.
func (k *Keeper) judge() {
	for _, o := range k.Objectives() {
		if telling(o) {
			k.deps.Alarms.Raise(alarm.ObjectiveMissed, o.Name, alarm.Warning, words(o))
		} else {
			k.deps.Alarms.Clear(alarm.ObjectiveMissed, o.Name)
		}
	}
}
