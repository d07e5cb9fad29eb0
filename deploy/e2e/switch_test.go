package e2e_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/client"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// persons are people who ask for one picture after the other.
type persons struct {
	seeds atomic.Int64
	stop  context.CancelFunc
	loops sync.WaitGroup

	mu    sync.Mutex
	ended []client.Task
}

// each is how many tasks of one session are waited for at once: a session may
// not watch any number.
const each = 4

func newCrowd(t *testing.T, d *dev, people int) *persons {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	c := &persons{stop: stop}
	for i := range (people + each - 1) / each {
		p := newPerson(t, d, uint64(100+i))
		for range min(each, people-i*each) {
			c.loops.Go(func() {
				for ctx.Err() == nil {
					c.one(ctx, t, p)
				}
			})
		}
	}
	t.Cleanup(func() { c.leave() })
	return c
}

func (c *persons) one(ctx context.Context, t *testing.T, p *person) {
	t.Helper()
	made, err := p.Submit(ctx, p.wish(c.seeds.Add(1)))
	if err == nil {
		made, err = p.Wait(context.WithoutCancel(ctx), made.TaskID)
	}
	if ctx.Err() != nil && made.State == "" {
		return
	}
	if err != nil {
		t.Errorf("somebody of the persons: %v", err)
		c.stop()
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = append(c.ended, made)
}

// leave ends the persons and tells what became of its tasks.
func (c *persons) leave() []client.Task {
	c.stop()
	c.loops.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended
}

// allSucceeded fails the test unless every task ended with a real picture.
func allSucceeded(t *testing.T, ended []client.Task) {
	t.Helper()
	for _, doc := range ended {
		if doc.State != task.Succeeded || doc.Degraded {
			t.Errorf("task = %+v", doc)
		}
	}
	if len(ended) == 0 {
		t.Error("nobody asked for anything")
	}
}

// weights are those of the providers, as operators see them.
func (d *dev) weights(t *testing.T) map[string]int {
	t.Helper()
	out := map[string]int{}
	for _, p := range list[operator.Provider](t, d.must(t, "provider", "ls", "-o", "json")) {
		out[p.Name] = p.Weight
	}
	return out
}

// noted are the history's entries about switches, the oldest first.
func (d *dev) noted(t *testing.T) (actions []string) {
	t.Helper()
	for _, c := range list[operator.Change](t, d.must(t, "history", "ls", "-o", "json")) {
		if action, ok := strings.CutPrefix(c.Action, "provider.switch"); ok {
			actions = append(actions, strings.TrimPrefix(action, "."))
		}
	}
	slices.Reverse(actions)
	return actions
}

func TestTrafficMovesToAProviderThatWorksOverARestart(t *testing.T) {
	t.Parallel()
	data, args := t.TempDir(), []string{"--config", config(t, "picture=copy", nil),
		"--simulate", "seedream?median=20ms&side=320,qianfan?median=20ms&side=320&weight=0"}
	d := start(t, data, args...)
	c := newCrowd(t, d, 4)
	d.must(t, "provider", "switch", "seedream", "qianfan", "--ramp", "40,100", "--every", "2s", "--samples", "5")
	if err := within(taskPatience, func() error {
		if s := read[operator.Switch](t, d.must(t, "provider", "switch", "--status", "-o", "json")); s.ToCalls.Calls == 0 {
			return fmt.Errorf("no calls yet: %+v", s)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	allSucceeded(t, c.leave())
	if code, _ := d.interrupt(t); code != 0 {
		t.Fatalf("dev ended with %d", code)
	}
	d = start(t, data, args...)
	c = newCrowd(t, d, 4)
	if s := d.imgctl(t, "provider", "switch", "--status", "--watch"); s.code != 0 {
		t.Fatalf("watch: exit %d\n%s%s", s.code, s.out, s.err)
	}
	allSucceeded(t, c.leave())
	if w := d.weights(t); w["seedream"] != 0 || w["qianfan"] != 100 {
		t.Errorf("weights = %v, want all of it with qianfan", w)
	}
	if got := d.noted(t); !slices.Equal(got, []string{"", "step", "weights", "done"}) {
		t.Errorf("history = %q", got)
	}
	p := newPerson(t, d, 8)
	made := p.submit(t, 1)
	p.finish(t, made.TaskID)
	if got := d.attempts(t, made.TaskID); len(got) != 1 || got[0].Provider != "qianfan" {
		t.Errorf("afterwards the attempts are %+v", got)
	}
	for _, c := range list[operator.Change](t, d.must(t, "history", "ls", "-o", "json")) {
		if c.Action == "provider.switch.weights" {
			d.must(t, "history", "undo", fmt.Sprint(c.Version), "--yes")
		}
	}
	if w := d.weights(t); w["seedream"] != 100 || w["qianfan"] != 0 {
		t.Errorf("undone the weights are %v", w)
	}
}

func TestTrafficGoesBackFromAProviderThatFails(t *testing.T) {
	t.Parallel()
	d := start(t, t.TempDir(), "--config", config(t, "picture=copy", nil),
		"--simulate", "seedream?median=20ms&side=320,qianfan?median=20ms&side=320&weight=0&transient=0.8&seed=5")
	c := newCrowd(t, d, 4)
	s := d.imgctl(t, "provider", "switch", "seedream", "qianfan", "--ramp", "40,100", "--every", "30s", "--samples", "10", "--watch")
	if s.code != 9 || !strings.Contains(s.out, "rolled back") {
		t.Fatalf("watch: exit %d\n%s%s", s.code, s.out, s.err)
	}
	t.Log(s.out)
	before := d.books(t)["qianfan"].Submissions
	<-time.After(liveWithin) // calls under way end
	moved := d.books(t)["qianfan"].Submissions
	allSucceeded(t, c.leave())
	if after := d.books(t)["qianfan"].Submissions; after != moved {
		t.Errorf("after the roll-back qianfan got %d calls, then %d more", moved-before, after-moved)
	}
	if w := d.weights(t); w["seedream"] != 100 || w["qianfan"] != 0 {
		t.Errorf("weights = %v, want them as they were", w)
	}
	if got := d.noted(t); !slices.Equal(got, []string{"", "rollback"}) {
		t.Errorf("history = %q", got)
	}
}
