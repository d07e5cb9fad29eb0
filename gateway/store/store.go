package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/tick"
)

// Info describes a stored object.
type Info struct {
	Size    int64
	ModTime time.Time
	ETag    string // quoted, strong
}

// Entry is one object of a list.
type Entry struct {
	Key     string
	Size    int64
	ModTime time.Time
}

// Driver keeps objects in one place. Keys and prefixes were validated by
// Store. Errors are classified: a missing object is fault.ObjectNotFound, a
// full place fault.StorageFull; a failure of the reader comes back as it was.
type Driver interface {
	// Put writes the whole of r or nothing, over whatever there is.
	Put(ctx context.Context, key string, r io.Reader) (n int64, err error)
	Open(ctx context.Context, key string) (io.ReadSeekCloser, Info, error)
	Stat(ctx context.Context, key string) (Info, error)
	// Copy makes to the same object as from, sharing its age.
	Copy(ctx context.Context, from, to string) error
	Delete(ctx context.Context, key string) (existed bool, err error)
	// DeletePrefix removes every object whose key begins with prefix, which
	// ends in '/'.
	DeletePrefix(ctx context.Context, prefix string) (n int, err error)
	// List names the objects whose keys begin with prefix, all of them when it
	// is empty, in no order and without holding them all in memory.
	List(ctx context.Context, prefix string) iter.Seq2[Entry, error]
	// Sweep removes objects written before a moment.
	Sweep(ctx context.Context, before time.Time) (n int, err error)
	// SweepRaw removes those of them that Raw names.
	SweepRaw(ctx context.Context, before time.Time) (n int, err error)
}

// Object is an open object; the caller closes it.
type Object struct {
	io.ReadSeekCloser
	Size        int64
	ModTime     time.Time
	ContentType string
	ETag        string
}

// Deps are what the store works with.
type Deps struct {
	Driver   Driver    // one that is also Direct is reached without a gateway
	CDN      cdn       // nil when there is none; serves the results of a Direct driver
	Refresh  refresher // nil when the CDN is not told what is removed
	Keys     signer
	Logger   *slog.Logger
	Registry prometheus.Registerer
	Now      func() time.Time // time.Now when nil
}

// Store is the one way to objects: it validates keys, bounds sizes, signs
// URLs and sweeps what is past retention, whatever the driver.
type Store struct {
	config  Config
	driver  Driver
	direct  Direct // nil when every byte passes here
	gate    gate
	health  health
	cdn     cdn
	refresh refresher
	keys    signer
	log     *slog.Logger
	met     metrics
	now     func() time.Time

	probeKey string // of what Probe writes
}

// New builds a store over a driver.
func New(c Config, d Deps) (*Store, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	d.Logger = cmp.Or(d.Logger, slog.New(slog.DiscardHandler))
	direct, _ := d.Driver.(Direct)
	return &Store{
		config: c, driver: d.Driver, direct: direct, gate: newGate(answerWithin), cdn: d.CDN, refresh: d.Refresh, keys: d.Keys, log: d.Logger, met: newMetrics(d.Registry), now: d.Now,
		probeKey: probeKey(),
	}, nil
}

// Put writes an object whole or not at all, over whatever there is. More than
// maxBytes is fault.TooLarge; an error of r comes back classified as it was.
func (s *Store) Put(ctx context.Context, key string, r io.Reader, maxBytes int64) (n int64, err error) {
	if !ValidKey(key) {
		return 0, errKey(key)
	}
	start := s.now()
	b := &bounded{ctx: ctx, r: r, left: maxBytes}
	n, err = s.put(ctx, key, b)
	s.health.wrote(maxBytes-max(0, b.left), err)
	s.met.observe("put", s.now().Sub(start), err)
	if err != nil {
		return 0, fmt.Errorf("put object: %w", err)
	}
	s.met.written.Add(float64(n))
	return n, nil
}

// put waits for a disk no longer than for other calls. A driver elsewhere bounds
// itself while it sends.
func (s *Store) put(ctx context.Context, key string, r io.Reader) (int64, error) {
	if s.direct != nil {
		return s.driver.Put(ctx, key, r)
	}
	return pour(ctx, s.gate, r, func(ctx context.Context, r io.Reader) (int64, error) { return s.driver.Put(ctx, key, r) })
}

// Open opens an object for reading, or says fault.NotFound.
func (s *Store) Open(ctx context.Context, key string) (*Object, error) {
	if !ValidKey(key) {
		return nil, fault.New(fault.ObjectNotFound)
	}
	reading, stop := context.WithCancel(ctx) // the reader goes on with it
	o, err := ask(ctx, s.gate, func(context.Context) (*Object, error) {
		r, info, err := s.driver.Open(reading, key)
		if err != nil {
			return nil, err
		}
		return &Object{ReadSeekCloser: closing{r, stop}, Size: info.Size, ModTime: info.ModTime, ContentType: ContentType(key), ETag: info.ETag}, nil
	}, func(o *Object) { _ = o.Close() })
	if err != nil {
		stop()
		return nil, fmt.Errorf("open object: %w", err)
	}
	return o, nil
}

// closing ends what a reader may still ask for.
type closing struct {
	io.ReadSeekCloser

	stop context.CancelFunc
}

// Close implements io.Closer.
func (c closing) Close() error {
	defer c.stop()
	return c.ReadSeekCloser.Close()
}

// Stat describes an object, or says fault.NotFound.
func (s *Store) Stat(ctx context.Context, key string) (Info, error) {
	if !ValidKey(key) {
		return Info{}, fault.New(fault.ObjectNotFound)
	}
	info, err := ask(ctx, s.gate, func(ctx context.Context) (Info, error) { return s.driver.Stat(ctx, key) }, nil)
	if err != nil {
		return Info{}, fmt.Errorf("stat object: %w", err)
	}
	return info, nil
}

// Copy makes a second object with the same bytes. It shares the age of the
// first: both are swept together.
func (s *Store) Copy(ctx context.Context, from, to string) error {
	if !ValidKey(from) || !ValidKey(to) {
		return errKey(to)
	}
	copied := func(ctx context.Context) (struct{}, error) { return struct{}{}, s.driver.Copy(ctx, from, to) }
	if _, err := ask(ctx, s.gate, copied, nil); err != nil {
		return fmt.Errorf("copy object: %w", err)
	}
	return nil
}

// Delete removes an object and says whether it was there.
func (s *Store) Delete(ctx context.Context, key string) (existed bool, err error) {
	if !ValidKey(key) {
		return false, nil
	}
	existed, err = ask(ctx, s.gate, func(ctx context.Context) (bool, error) { return s.driver.Delete(ctx, key) }, nil)
	if err != nil {
		return existed, fmt.Errorf("delete object: %w", err)
	}
	return existed, nil
}

// DeletePrefix removes every object under a prefix such as "<session>/" and
// says how many there were.
func (s *Store) DeletePrefix(ctx context.Context, prefix string) (n int, err error) {
	gone, err := s.Remove(ctx, prefix)
	return gone.Objects, err
}

// Run removes objects past retention until ctx ends. Age is the driver's, so
// a restart forgets nothing.
func (s *Store) Run(ctx context.Context) error {
	for range tick.AtOnce(ctx, s.config.sweepEvery()) {
		if err := s.sweep(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("objects could not be swept", "err", err)
		}
	}
	return context.Cause(ctx)
}

func (s *Store) sweep(ctx context.Context) error {
	grace := s.config.grace()
	n, err := s.driver.Sweep(ctx, s.now().Add(-s.config.Retention-grace))
	raw, rawErr := 0, error(nil)
	if kept := s.config.RawKept; kept > 0 && kept < s.config.Retention {
		raw, rawErr = s.driver.SweepRaw(ctx, s.now().Add(-kept-grace))
	}
	s.met.swept.Add(float64(n + raw))
	return errors.Join(err, rawErr)
}

// bounded refuses to read more than its share, and stops with its context.
type bounded struct {
	ctx  context.Context //nolint:containedctx // Read takes none, and a driver reads deep inside Put
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, fault.Wrap(fault.RequestCanceled, context.Cause(b.ctx))
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, fault.New(fault.UploadTooLarge)
	}
	return n, err
}

func errKey(key string) error {
	return fault.Wrap(fault.ObjectKeyInvalid, errors.New("bad object key: "+key))
}
