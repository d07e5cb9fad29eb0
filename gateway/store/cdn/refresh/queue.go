package refresh

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
)

// kind is what an address stands for.
type kind string

const (
	files       kind = "file"
	directories kind = "directory" // and all beneath it
)

func (k kind) max() int {
	if k == directories {
		return maxDirectories
	}
	return maxFiles
}

// note is what the bucket "refresh" holds: addresses that the CDN has not
// been asked about, or has not taken yet.
type note struct {
	Kind     kind      `json:"kind"`
	URLs     []string  `json:"urls"`
	At       time.Time `json:"at"`
	Released bool      `json:"released,omitempty"` // the objects are gone
	Tries    int       `json:"tries,omitempty"`
	NotUntil time.Time `json:"notUntil,omitzero"`
}

// asker is the CDN.
type asker interface {
	Refresh(k kind, urls []string) error
	Left() (map[kind]int, error)
}

// Deps are what the queue works with.
type Deps struct {
	Engine   *engine.Engine
	Logger   *slog.Logger
	Registry prometheus.Registerer
	Now      func() time.Time // time.Now when nil
}

// Queue keeps addresses until the CDN has taken them. An address is held
// before its object is removed, so that no kill loses it, and released after:
// a CDN that is asked too early fetches the picture once more.
type Queue struct {
	bucket  *engine.Bucket
	keep    time.Duration
	cdn     asker
	log     *slog.Logger
	now     func() time.Time
	asked   *prometheus.CounterVec
	waiting prometheus.Gauge
	left    *prometheus.GaugeVec
}

// Open prepares the queue.
func Open(ctx context.Context, c Config, d Deps) (*Queue, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	client, err := newHuawei(c)
	if err != nil {
		return nil, err
	}
	return open(ctx, c, d, client)
}

func open(ctx context.Context, c Config, d Deps, client asker) (*Queue, error) {
	if d.Now == nil {
		d.Now = time.Now
	}
	d.Logger = cmp.Or(d.Logger, slog.New(slog.DiscardHandler))
	b, err := d.Engine.Bucket(ctx, engine.BucketConfig{Name: "refresh", MaxAge: c.Keep})
	if err != nil {
		return nil, fmt.Errorf("open refresh: %w", err)
	}
	f := telemetry.For(d.Registry, "cdn_refresh")
	return &Queue{
		bucket: b, keep: c.Keep, cdn: client, log: d.Logger, now: d.Now,
		asked:   f.Counters("urls", "Addresses that the CDN was asked to forget, by outcome.", "outcome"),
		waiting: f.Gauge("waiting", "Addresses that the CDN has not taken yet."),
		left:    f.Gauges("quota_left", "Addresses that the CDN still takes today, by kind.", "kind"),
	}, nil
}

// Hold notes addresses of files that are about to go.
func (q *Queue) Hold(ctx context.Context, urls []string) (held []string, err error) {
	return q.put(ctx, note{Kind: files}, urls)
}

// Release says that the objects of what was held are gone. When it fails, the
// addresses are sent a little later.
func (q *Queue) Release(ctx context.Context, held []string) {
	for _, id := range held {
		_, err := q.bucket.Update(ctx, id, func(old []byte) ([]byte, time.Duration, error) {
			var n note
			if old == nil || json.Unmarshal(old, &n) != nil {
				return nil, 0, nil // sent already, or not ours
			}
			n.Released = true
			value, err := json.Marshal(n)
			return value, 0, err
		})
		if err != nil {
			q.log.Warn("addresses for the CDN could not be released", "err", err)
		}
	}
}

// Directory has the CDN forget everything beneath an address.
func (q *Queue) Directory(ctx context.Context, url string) error {
	_, err := q.put(ctx, note{Kind: directories, Released: true}, []string{url})
	return err
}

func (q *Queue) put(ctx context.Context, n note, urls []string) (held []string, err error) {
	n.At = q.now().UTC()
	for ; len(urls) > 0; urls = urls[len(n.URLs):] {
		n.URLs = urls[:min(len(urls), n.Kind.max())]
		value, err := json.Marshal(n)
		if err != nil {
			return held, fmt.Errorf("encode addresses: %w", err)
		}
		id := task.NewID()
		if _, err := q.bucket.Put(ctx, id, value, 0, 0); err != nil {
			return held, fmt.Errorf("note addresses for the CDN: %w", err)
		}
		held = append(held, id)
	}
	return held, nil
}
