package engine

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// BucketConfig describes a bucket. Keys are dot-separated tokens of letters,
// digits, '-' and '_'.
type BucketConfig struct {
	Name     string        // lower case; the stream is its upper-case twin
	Memory   bool          // not on disk: gone with the engine
	History  int           // revisions kept per key, 1 when 0
	MaxAge   time.Duration // of any entry; 0 keeps for ever
	MaxBytes int64         // 0 for no limit
}

// Entry is one revision of a key. Revision 0 means "there is none".
type Entry struct {
	Key      string
	Value    []byte // nil when Deleted
	Revision uint64
	Created  time.Time
	Deleted  bool // the key was removed or has expired
}

// Bucket is a key-value store with compare-and-swap and expiry per key. It
// exists beside nats.go's own because that one drops the expiry on update.
type Bucket struct {
	name   string
	js     jetstream.JetStream
	conn   *nats.Conn
	stream jetstream.Stream
	bounds Bounds
	log    *slog.Logger
	reg    prometheus.Registerer
}

const (
	askTimeout = 2 * time.Second
	askAgain   = 2 * time.Second
)

// AnyRevision makes Put overwrite whatever is there.
const AnyRevision = ^uint64(0)

// Bucket opens a bucket and makes it when it is missing.
func (e *Engine) Bucket(ctx context.Context, c BucketConfig) (*Bucket, error) {
	storage := jetstream.FileStorage
	if c.Memory {
		storage = jetstream.MemoryStorage
	}
	s, err := e.Stream(ctx, jetstream.StreamConfig{
		Name: "B_" + c.Name, Subjects: []string{"b." + c.Name + ".>"}, Storage: storage,
		MaxMsgsPerSubject: int64(max(1, c.History)), MaxAge: c.MaxAge, MaxBytes: orUnlimited(c.MaxBytes),
		Discard: jetstream.DiscardOld, AllowMsgTTL: true, SubjectDeleteMarkerTTL: time.Minute,
		AllowRollup: true, DenyDelete: false,
	})
	if err != nil {
		return nil, err
	}
	return &Bucket{name: c.Name, js: e.js, conn: e.conn, stream: s, bounds: e.bounds, log: e.log, reg: e.reg}, nil
}

// Age is how long the entries of a bucket are kept as the engine has it: 0 for
// ever, and wanted where there is no such bucket yet.
func (e *Engine) Age(ctx context.Context, bucket string, wanted time.Duration) (age time.Duration, err error) {
	err = e.Insist(ctx, func(ctx context.Context) error {
		s, err := e.js.Stream(ctx, "B_"+bucket)
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			age = wanted
			return nil
		}
		if err == nil {
			age = s.CachedInfo().Config.MaxAge
		}
		return err
	})
	return age, err
}

func orUnlimited(n int64) int64 {
	if n == 0 {
		return -1
	}
	return n
}

func (b *Bucket) subject(key string) string { return "b." + b.name + "." + key }

// Get returns the newest revision of key, or fault.NotFound.
func (b *Bucket) Get(ctx context.Context, key string) (Entry, error) {
	m, err := b.stream.GetLastMsgForSubject(ctx, b.subject(key))
	if err != nil {
		return Entry{Key: key}, Classify(err)
	}
	e := b.entry(m.Subject, m.Header, m.Data, m.Sequence, m.Time)
	if e.Deleted {
		return e, fault.New(fault.NothingHere)
	}
	return e, nil
}

// Ask is Get for somebody whose client waits: it answers soon, and what is no
// answer is fault.Unavailable with a time to come back.
func (b *Bucket) Ask(ctx context.Context, key string) (Entry, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	e, err := b.Get(ctx, key)
	if err != nil && fault.KindOf(err) == fault.NotFound {
		return e, err
	}
	return e, unanswered(err)
}

// unanswered makes a failure to ask one that a client may try again.
func unanswered(err error) error {
	if err == nil || fault.KindOf(err) == fault.Canceled {
		return err
	}
	return fault.Wrap(fault.EngineUnavailable, err).After(askAgain)
}

// Put writes key if its newest revision is still expect (0: it must not
// exist; AnyRevision: no matter) and returns the new revision. A ttl of 0
// keeps the entry; otherwise it has a resolution of one second, rounded up.
// A lost race is fault.RevisionConflict.
func (b *Bucket) Put(ctx context.Context, key string, value []byte, expect uint64, ttl time.Duration) (uint64, error) {
	m := nats.NewMsg(b.subject(key))
	m.Data = value
	rev, err := b.publish(ctx, m, expect, ttl)
	if expect == 0 && fault.KindOf(err) == fault.Conflict {
		// The marker of a removed key is a revision too, for a minute.
		if old, getErr := b.Get(ctx, key); getErr != nil && old.Deleted {
			return b.publish(ctx, m, old.Revision, ttl)
		}
	}
	return rev, err
}

// Delete removes key and its history if its newest revision is still expect;
// watchers see a Deleted entry. Deleting nothing is no error.
func (b *Bucket) Delete(ctx context.Context, key string, expect uint64) error {
	m := nats.NewMsg(b.subject(key))
	m.Header.Set(deletedHeader, "1")
	m.Header.Set(jetstream.MsgRollup, jetstream.MsgRollupSubject)
	_, err := b.publish(ctx, m, expect, deletedMarker)
	return err
}

const (
	deletedHeader = "Imgfleet-Deleted"
	deletedMarker = time.Minute
)

func (b *Bucket) publish(ctx context.Context, m *nats.Msg, expect uint64, ttl time.Duration) (uint64, error) {
	opts := make([]jetstream.PublishOpt, 0, 2)
	if ttl > 0 {
		opts = append(opts, TTL(ttl))
	}
	return write(ctx, b.js, b.stream, m, expect, b.bounds, opts...)
}

// TTL lets a message expire. The engine takes whole seconds, at least one; a
// message never expires earlier than asked.
func TTL(ttl time.Duration) jetstream.PublishOpt { return jetstream.WithMsgTTL(wholeSeconds(ttl)) }

func wholeSeconds(ttl time.Duration) time.Duration {
	return max(time.Second, (ttl + time.Second - 1).Truncate(time.Second))
}

// Update reads key, lets change make the new value and writes it, again when
// it lost a race. change gets nil for a missing key and may return an error
// to give up, or nil, 0, nil to leave things as they are. It returns the
// entry as it stands afterwards.
func (b *Bucket) Update(ctx context.Context, key string, change func(old []byte) (value []byte, ttl time.Duration, err error)) (Entry, error) {
	for {
		old, err := b.Get(ctx, key)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return Entry{}, err
		}
		value, ttl, err := change(old.Value)
		if err != nil || value == nil {
			return old, err
		}
		rev, err := b.Put(ctx, key, value, old.Revision, ttl)
		if fault.KindOf(err) == fault.Conflict {
			continue
		}
		return Entry{Key: key, Value: value, Revision: rev, Created: time.Now()}, err
	}
}

// Keys lists the keys under a filter such as "session.*" or ">".
func (b *Bucket) Keys(ctx context.Context, filter string) ([]string, error) {
	info, err := b.stream.Info(ctx, jetstream.WithSubjectFilter(b.subject(filter)))
	if err != nil {
		return nil, Classify(err)
	}
	keys := make([]string, 0, len(info.State.Subjects))
	for s := range info.State.Subjects {
		keys = append(keys, s[len(b.subject("")):])
	}
	return keys, nil
}

// Entries walks the newest revision of every live key under a filter, in no
// particular order. The pair's error ends the walk.
func (b *Bucket) Entries(ctx context.Context, filter string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		keys, err := b.Keys(ctx, filter)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		for _, k := range keys {
			e, err := b.Get(ctx, k)
			if fault.KindOf(err) == fault.NotFound && err != nil {
				continue
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// History returns the kept revisions of key, oldest first.
func (b *Bucket) History(ctx context.Context, key string) ([]Entry, error) {
	var out []Entry
	for seq := uint64(1); ; {
		m, err := b.stream.GetMsg(ctx, seq, jetstream.WithGetMsgSubject(b.subject(key)))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return out, nil
		}
		if err != nil {
			return out, Classify(err)
		}
		out = append(out, b.entry(m.Subject, m.Header, m.Data, m.Sequence, m.Time))
		seq = m.Sequence + 1
	}
}

func (b *Bucket) entry(subject string, h nats.Header, data []byte, seq uint64, at time.Time) Entry {
	e := Entry{Key: subject[len(b.subject("")):], Value: data, Revision: seq, Created: at}
	if h.Get(deletedHeader) != "" || h.Get(jetstream.MarkerReasonHeader) != "" {
		e.Deleted, e.Value = true, nil
	}
	return e
}
