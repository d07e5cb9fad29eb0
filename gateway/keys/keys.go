package keys

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	bucketName = "keys"
	mastersKey = "masters"
	masterSize = 32

	// settle is how long a new master only verifies: by then every gateway
	// has seen it, so none refuses what another one signed.
	settle = time.Minute

	// mastersKept bounds the ring; the oldest falls out at a rotation.
	mastersKept = 4

	retryAfter = time.Second
)

// Ring signs with the newest settled master and verifies with all of them.
// Its methods are safe for concurrent use and cost well under a microsecond
// each once a purpose has been used.
type Ring struct {
	bucket  *engine.Bucket
	masters atomic.Pointer[[]*master] // oldest first, never empty
}

// document is what the bucket keeps.
type document struct {
	Masters []stored `json:"masters"`
}

type stored struct {
	ID        string    `json:"id"`
	Secret    []byte    `json:"secret"`
	CreatedAt time.Time `json:"createdAt"`
}

// Open reads the masters from the engine. When there are none yet it makes
// the first; of several gateways that start at once one wins and the others
// take its master.
func Open(ctx context.Context, e *engine.Engine) (*Ring, error) {
	b, err := e.Bucket(ctx, engine.BucketConfig{Name: bucketName})
	if err != nil {
		return nil, fmt.Errorf("open keys: %w", err)
	}
	r := &Ring{bucket: b}
	entry, err := b.Update(ctx, mastersKey, func(old []byte) ([]byte, time.Duration, error) {
		if old != nil {
			return nil, 0, nil
		}
		value, err := json.Marshal(document{Masters: []stored{newMaster()}})
		return value, 0, err
	})
	if err != nil {
		return nil, fmt.Errorf("open keys: %w", err)
	}
	if err := r.load(entry.Value); err != nil {
		return nil, fmt.Errorf("open keys: %w", err)
	}
	return r, nil
}

// Rotate adds a master. It verifies at once and signs a minute later; what
// older masters signed stays good until three more rotations.
func (r *Ring) Rotate(ctx context.Context) error {
	entry, err := r.bucket.Update(ctx, mastersKey, func(old []byte) ([]byte, time.Duration, error) {
		var d document
		if err := json.Unmarshal(old, &d); err != nil {
			return nil, 0, err
		}
		d.Masters = append(d.Masters, newMaster())
		if extra := len(d.Masters) - mastersKept; extra > 0 {
			d.Masters = d.Masters[extra:]
		}
		value, err := json.Marshal(d)
		return value, 0, err
	})
	if err != nil {
		return fmt.Errorf("rotate keys: %w", err)
	}
	return r.load(entry.Value)
}

// Run takes over the rotations of other gateways until ctx ends.
func (r *Ring) Run(ctx context.Context, log *slog.Logger) error {
	for {
		err := r.bucket.Watch(ctx, mastersKey, func(e engine.Entry) {
			if e.Value == nil {
				return
			}
			if err := r.load(e.Value); err != nil {
				log.Error("keys cannot be read", "err", err)
			}
		})
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		log.Warn("lost sight of keys", "err", err)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(retryAfter):
		}
	}
}

// Sign returns the 16-byte MAC of msg for one purpose.
func (r *Ring) Sign(purpose string, msg []byte) []byte {
	return r.signer().key(purpose).mac(msg)
}

// Verify reports, in constant time per master, whether mac is the MAC of msg
// for one purpose.
func (r *Ring) Verify(purpose string, msg, mac []byte) bool {
	good := false
	for _, m := range *r.masters.Load() {
		if m.key(purpose).check(msg, mac) {
			good = true
		}
	}
	return good
}

// Key returns the key that signs for a purpose, and the id under which
// Lookup finds it on every gateway.
func (r *Ring) Key(purpose string) (kid string, key []byte) {
	m := r.signer()
	return m.id, m.key(purpose).secret
}

// Lookup finds a purpose's key by its id; an unknown id is not known.
func (r *Ring) Lookup(purpose, kid string) (key []byte, known bool) {
	for _, m := range *r.masters.Load() {
		if m.id == kid {
			return m.key(purpose).secret, true
		}
	}
	return nil, false
}

// signer is the newest master that every gateway knows by now.
func (r *Ring) signer() *master {
	all := *r.masters.Load()
	for i := len(all) - 1; i > 0; i-- {
		if time.Since(all[i].createdAt) > settle {
			return all[i]
		}
	}
	return all[0]
}

func (r *Ring) load(value []byte) error {
	var d document
	if err := json.Unmarshal(value, &d); err != nil {
		return fmt.Errorf("read masters: %w", err)
	}
	if len(d.Masters) == 0 {
		return fault.New(fault.KeysMissing)
	}
	all := make([]*master, len(d.Masters))
	for i, s := range d.Masters {
		if len(s.Secret) < masterSize || s.ID == "" {
			return fault.New(fault.KeysDamaged)
		}
		all[i] = &master{id: s.ID, secret: s.Secret, createdAt: s.CreatedAt}
	}
	r.masters.Store(&all)
	return nil
}

func newMaster() stored {
	secret := make([]byte, masterSize)
	_, _ = rand.Read(secret) // never fails since Go 1.24
	return stored{ID: task.NewID()[:8], Secret: secret, CreatedAt: time.Now().UTC()}
}
