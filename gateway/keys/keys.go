package keys

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
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
)

// Ring signs with the newest settled master and verifies with all of them.
// Its methods are safe for concurrent use and cost well under a microsecond
// each once a purpose has been used.
type Ring struct {
	masters *engine.Mirror[[]*master] // oldest first, never empty
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
	r := &Ring{masters: engine.NewMirror(engine.MirrorConfig[[]*master]{
		Bucket: b, Filter: mastersKey, Read: read,
		Outlives: func([]*master) bool { return true }, // an engine that lost its data takes no keys away
	})}
	if err := e.Insist(ctx, r.begin); err != nil {
		return nil, fmt.Errorf("open keys: %w", err)
	}
	return r, nil
}

// begin reads the masters, and makes the first only when the engine has
// answered that there are none. No answer is none: then nothing is written.
func (r *Ring) begin(ctx context.Context) error {
	_, err := r.masters.Update(ctx, mastersKey, func(old []byte) ([]byte, time.Duration, error) {
		if old != nil {
			return nil, 0, nil
		}
		value, err := json.Marshal(document{Masters: []stored{newMaster()}})
		return value, 0, err
	})
	return err
}

// Rotate adds a master. It verifies at once and signs a minute later; what
// older masters signed stays good until three more rotations.
func (r *Ring) Rotate(ctx context.Context) error {
	_, err := r.masters.Update(ctx, mastersKey, func(old []byte) ([]byte, time.Duration, error) {
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
	return nil
}

// Run takes over the rotations of other gateways until ctx ends.
func (r *Ring) Run(ctx context.Context) error { return r.masters.Run(ctx) }

// Sign returns the 16-byte MAC of msg for one purpose.
func (r *Ring) Sign(purpose string, msg []byte) []byte {
	return r.signer().key(purpose).mac(msg)
}

// Verify reports, in constant time per master, whether mac is the MAC of msg
// for one purpose. It fails only when it cannot know: when no master that is
// known here made it, rotations may have been missed, and the engine does not
// answer.
func (r *Ring) Verify(ctx context.Context, purpose string, msg, mac []byte) (good bool, err error) {
	return r.search(ctx, func(m *master) bool { return m.key(purpose).check(msg, mac) })
}

// Key returns the key that signs for a purpose, and the id under which
// Lookup finds it on every gateway.
func (r *Ring) Key(purpose string) (kid string, key []byte) {
	m := r.signer()
	return m.ID, m.key(purpose).secret
}

// Lookup finds a purpose's key by its id; an unknown id is not known. Like
// Verify it fails only when it cannot know.
func (r *Ring) Lookup(ctx context.Context, purpose, kid string) (key []byte, known bool, err error) {
	known, err = r.search(ctx, func(m *master) bool {
		if m.ID == kid {
			key = m.key(purpose).secret
		}
		return m.ID == kid
	})
	return key, known, err
}

// search asks every master whether it fits, and those of the engine too when
// none does and rotations may have been missed.
func (r *Ring) search(ctx context.Context, fits func(*master) bool) (bool, error) {
	sighted := r.masters.Sighted()
	found := slices.ContainsFunc(r.all(), fits)
	if found || sighted {
		return found, nil
	}
	if err := r.masters.Refresh(ctx); err != nil {
		return false, fmt.Errorf("read keys: %w", err)
	}
	return slices.ContainsFunc(r.all(), fits), nil
}

func (r *Ring) all() []*master {
	all, _ := r.masters.Get(mastersKey)
	return all
}

// signer is the newest master that every gateway knows by now.
func (r *Ring) signer() *master {
	all := r.all()
	for i := len(all) - 1; i > 0; i-- {
		if time.Since(all[i].CreatedAt) > settle {
			return all[i]
		}
	}
	return all[0]
}

// read makes the masters of what the bucket keeps.
func read(_ context.Context, e engine.Entry) ([]*master, bool, error) {
	var d document
	if err := json.Unmarshal(e.Value, &d); err != nil {
		return nil, false, fmt.Errorf("read masters: %w", err)
	}
	if len(d.Masters) == 0 {
		return nil, false, fault.New(fault.KeysMissing)
	}
	all := make([]*master, len(d.Masters))
	for i, s := range d.Masters {
		if len(s.Secret) < masterSize || s.ID == "" {
			return nil, false, fault.New(fault.KeysDamaged)
		}
		all[i] = &master{stored: s}
	}
	return all, true, nil
}

func newMaster() stored {
	secret := make([]byte, masterSize)
	_, _ = rand.Read(secret) // never fails since Go 1.24
	return stored{ID: task.NewID()[:8], Secret: secret, CreatedAt: time.Now().UTC()}
}
