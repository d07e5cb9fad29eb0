package experiment

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func opened(t *testing.T) *engine.Engine {
	t.Helper()
	e, err := engine.Open(t.Context(), engine.Config{Dir: t.TempDir(), Replicas: 1, Interval: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// desk is that of one gateway; stop ends it as a shutdown does.
func desk(t *testing.T, e *engine.Engine) (d *Desk, stop func()) {
	t.Helper()
	d, err := Open(t.Context(), e, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = d.Run(ctx) }()
	stop = func() { cancel(); <-ended }
	t.Cleanup(stop)
	return d, stop
}

func armA() task.Arm { return task.Arm{Experiment: "sky", Name: "a", Provider: "p", Book: "sky-1"} }

func counted(t *testing.T, d *Desk) Counts {
	t.Helper()
	arms, err := d.Counts(t.Context(), "sky-1")
	if err != nil {
		t.Fatal(err)
	}
	return arms["a"]
}

func TestTasksOfAllGatewaysAreCountedOnce(t *testing.T) {
	t.Parallel()
	e := opened(t)
	one, _ := desk(t, e)
	two, _ := desk(t, e)
	var posts sync.WaitGroup
	for i := range 100 {
		id := task.ID(fmt.Sprint("task", i))
		for _, d := range []*Desk{one, two} { // a job that comes again, also to another gateway
			posts.Go(func() {
				if err := d.Post(t.Context(), armA(), id, Picture(time.Second, 14)); err != nil {
					t.Error(err)
				}
			})
		}
	}
	posts.Wait()
	if c := counted(t, one); c.Tasks != 100 || c.CostFen != 1400 {
		t.Errorf("counted %+v", c)
	}
}

func TestABookForgetsTasksWhoseJobsAreDone(t *testing.T) {
	t.Parallel()
	e := opened(t)
	d, stop := desk(t, e)
	id := task.ID("0123456789abcdefghjkmnpqrs")
	if err := d.Post(t.Context(), armA(), id, Failure(0)); err != nil {
		t.Fatal(err)
	}
	d.Close(armA(), id)
	stop() // which writes what is left
	b, err := e.Bucket(t.Context(), engine.BucketConfig{Name: "experiments"})
	if err != nil {
		t.Fatal(err)
	}
	entry, err := b.Get(t.Context(), "sky-1")
	if err != nil || bytes.Contains(entry.Value, []byte(id)) || !bytes.Contains(entry.Value, []byte(`"tasks":1`)) {
		t.Errorf("the book is %s, %v", entry.Value, err)
	}
}

func TestFeedbackOutlivesAShutdown(t *testing.T) {
	t.Parallel()
	e := opened(t)
	d, stop := desk(t, e)
	for range 100 {
		d.Feedback(armA(), Counts{Rated: 1, Liked: 1})
	}
	stop()
	next, _ := desk(t, e)
	if c := counted(t, next); c.Rated != 100 || c.Liked != 100 || c.Tasks != 0 {
		t.Errorf("counted %+v", c)
	}
}

func TestAnExperimentWithoutTasksHasNoCounts(t *testing.T) {
	t.Parallel()
	d, _ := desk(t, opened(t))
	if arms, err := d.Counts(t.Context(), "moon-1"); err != nil || len(arms) != 0 {
		t.Errorf("counted %+v, %v", arms, err)
	}
}

func TestIdsOfAKilledGatewayAgeEvenWhenNothingHappens(t *testing.T) {
	t.Parallel()
	e, now := opened(t), time.Now()
	b, err := e.Bucket(t.Context(), engine.BucketConfig{Name: "experiments"})
	if err != nil {
		t.Fatal(err)
	}
	old, young := now.Add(-2*time.Hour).Unix(), now.Unix()
	written := map[string]string{
		"old": fmt.Sprintf(`{"arms":{},"open":{"t":%d,"u":%d}}`, old, young), "young": fmt.Sprintf(`{"open":{"t":%d}}`, young), "none": `{}`, "bad": `{`,
	}
	for name, page := range written {
		if _, err := b.Put(t.Context(), name, []byte(page), 0, 0); err != nil {
			t.Fatal(err)
		}
	}
	d, stop := desk(t, e)
	d.tidy(now)
	stop() // which writes what is left
	for name, before := range written {
		page, err := b.Get(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if name == "old" {
			before = fmt.Sprintf(`{"arms":{},"open":{"u":%d}}`, young)
		}
		if string(page.Value) != before {
			t.Errorf("%s: the page is %s, want %s", name, page.Value, before)
		}
	}
}
