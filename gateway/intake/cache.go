package intake

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"strings"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// filterBits is 1 MiB a generation: at 500,000 answers a day one in a few
// hundred new requests looks into the bucket for nothing.
const filterBits = 1 << 23

// cache finds the finished task that answers a request of the same session.
// The index is the bucket "cache", "<session>.<key>"; a filter in memory says
// "surely not" to almost every new request without asking it.
type cache struct {
	bucket *engine.Bucket
	mirror *engine.Mirror[struct{}] // holds nothing: it feeds the filter
	seed   maphash.Seed
	window time.Duration

	mu   sync.RWMutex
	born time.Time
	now  []uint64 // entries of this generation
	last []uint64 // and of the one before: an entry lives one window
}

// cached is an entry of the index.
type cached struct {
	Task  task.ID `json:"task"`
	Style string  `json:"style"`
}

func openCache(ctx context.Context, e *engine.Engine, age, kept time.Duration) (*cache, error) {
	b, err := e.Bucket(ctx, engine.BucketConfig{Name: "cache", MaxAge: age})
	if err != nil {
		return nil, err
	}
	c := &cache{
		bucket: b, seed: maphash.MakeSeed(), window: kept, born: time.Now(),
		now: make([]uint64, filterBits/64), last: make([]uint64, filterBits/64),
	}
	c.mirror = engine.NewMirror(engine.MirrorConfig[struct{}]{
		Bucket: b, Filter: ">",
		Read: func(_ context.Context, e engine.Entry) (none struct{}, hold bool, err error) {
			c.note(e.Key)
			return none, false, nil
		},
	})
	return c, nil
}

// get asks the bucket when the filter has the key, and for every key while the
// filter may have missed an entry: an answer that is denied is paid for twice.
func (c *cache) get(ctx context.Context, s session.ID, key string) (task.ID, bool, error) {
	k := string(s) + "." + key
	if c.mirror.Sighted() && !c.maybe(k) {
		return "", false, nil
	}
	e, err := c.bucket.Ask(ctx, k)
	if fault.KindOf(err) == fault.NotFound && err != nil {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("read cache: %w", err)
	}
	var v cached
	if err := json.Unmarshal(e.Value, &v); err != nil {
		return "", false, fmt.Errorf("decode cache entry: %w", err)
	}
	return v.Task, true, nil
}

func (c *cache) put(ctx context.Context, s session.ID, key string, v cached, ttl time.Duration) error {
	k := string(s) + "." + key
	value, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode cache entry: %w", err)
	}
	c.note(k) // before anybody can ask for it here
	if _, err := c.bucket.Put(ctx, k, value, engine.AnyRevision, ttl); err != nil {
		return fmt.Errorf("write cache: %w", err)
	}
	return nil
}

// drop removes an entry if it points to this task.
func (c *cache) drop(ctx context.Context, s session.ID, key string, id task.ID) error {
	e, err := c.bucket.Get(ctx, string(s)+"."+key)
	if err != nil && fault.KindOf(err) == fault.NotFound {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read cache: %w", err)
	}
	var v cached
	if json.Unmarshal(e.Value, &v) == nil && v.Task != id {
		return nil
	}
	if err := c.bucket.Delete(ctx, e.Key, e.Revision); err != nil && fault.KindOf(err) != fault.Conflict {
		return fmt.Errorf("drop cache entry: %w", err)
	}
	return nil
}

// note puts a key into the filter; maybe is false only for keys that were not
// noted within a window.
func (c *cache) note(key string) {
	h := maphash.String(c.seed, key)
	c.mu.Lock()
	defer c.mu.Unlock()
	if age := time.Since(c.born); age > c.window {
		c.now, c.last, c.born = c.last, c.now, time.Now()
		clear(c.now)
	}
	for i := range probes {
		bit := probe(h, i)
		c.now[bit/64] |= 1 << (bit % 64)
	}
}

func (c *cache) maybe(key string) bool {
	h := maphash.String(c.seed, key)
	c.mu.RLock()
	defer c.mu.RUnlock()
	return holds(c.now, h) || holds(c.last, h)
}

const probes = 4

func holds(filter []uint64, h uint64) bool {
	for i := range probes {
		bit := probe(h, i)
		if filter[bit/64]&(1<<(bit%64)) == 0 {
			return false
		}
	}
	return true
}

func probe(h uint64, i int) uint64 { return (h + uint64(i)*(h>>32|1)) % filterBits }

// sessionOf is whose entry a key is.
func sessionOf(key string) session.ID {
	s, _, _ := strings.Cut(key, ".")
	return session.ID(s)
}
