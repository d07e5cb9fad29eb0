package intake

import (
	"context"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// painted is a finished picture of an arm, made by a provider.
func (f *fixture) painted(t *testing.T, provider string) *task.Record {
	t.Helper()
	f.alone("sky", policy.Arm{Provider: "b"})
	r := f.submit(t, f.request(""))
	_, rev, err := f.queue.Lookup(t.Context(), f.id, r.ID)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now()
	r.Attempts = []task.Attempt{{Number: 1, Provider: provider, Outcome: task.OK, EndedAt: &at}}
	if err := r.To(task.Running, task.EventProgress); err != nil {
		t.Fatal(err)
	}
	if _, err := f.queue.Write(t.Context(), r, rev); err != nil {
		t.Fatal(err)
	}
	return f.finish(t, r.ID, task.Succeeded)
}

func TestTheLastRatingCountsForTheArm(t *testing.T) {
	t.Parallel()
	f := open(t)
	r := f.painted(t, "b")
	for _, c := range []struct {
		rating       string
		rated, liked int64
	}{{"like", 1, 1}, {"like", 1, 1}, {"2", 1, 0}, {"3", 1, 0}, {"4", 1, 1}, {"dislike", 1, 0}} {
		if err := f.Feedback(t.Context(), f.id, r.ID, c.rating); err != nil {
			t.Fatal(err)
		}
		if got := f.arms.of("a"); got.Rated != c.rated || got.Liked != c.liked {
			t.Errorf("after %s: rated %d, liked %d", c.rating, got.Rated, got.Liked)
		}
	}
}

func TestAPictureMadeAgainCountsOnce(t *testing.T) {
	t.Parallel()
	f := open(t)
	r := f.painted(t, "b")
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = f.Run(ctx) }()
	t.Cleanup(func() { stop(); <-ended })
	if err := f.Feedback(t.Context(), f.id, r.ID, "5"); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"one", "one", "two", "three"} {
		if _, err := f.Regenerate(t.Context(), RegenerateRequest{Session: f.id, Client: f.request("").Client, Task: r.ID, Key: key}); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "it is counted", func() bool { return f.arms.of("a").Regenerated > 0 && len(f.repeats) == 0 })
	if err := f.Feedback(t.Context(), f.id, r.ID, "1"); err != nil { // which replaces the other rating
		t.Fatal(err)
	}
	if _, err := f.Regenerate(t.Context(), RegenerateRequest{Session: f.id, Client: f.request("").Client, Task: r.ID, Key: "four"}); err != nil {
		t.Fatal(err)
	}
	stop()
	<-ended
	if got := f.arms.of("a"); got.Regenerated != 1 || got.Rated != 1 || got.Liked != 0 {
		t.Errorf("counted %+v", got)
	}
}

func TestOpinionsOnThePictureOfAnotherProviderAreNotTheArms(t *testing.T) {
	t.Parallel()
	f := open(t)
	r := f.painted(t, "fallback")
	if err := f.Feedback(t.Context(), f.id, r.ID, "like"); err != nil {
		t.Fatal(err)
	}
	f.Removed(r)
	if got := f.arms.of("a"); got.Rated != 0 || got.Deleted != 0 {
		t.Errorf("counted %+v", got)
	}
}
