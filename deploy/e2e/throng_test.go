package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/deploy/e2e/photo"
	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/pkg/client"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	throngSize = 4
	pause      = 400 * time.Millisecond // of a person between two tasks
)

// throng is people who ask for one picture after the other, whatever they
// get, and follow each to its end. Every answer is judged.
type throng struct {
	public  string
	base    http.RoundTripper
	answers *rig.Answers
	photo   []byte
	stop    context.CancelFunc // no more is asked for
	people  sync.WaitGroup

	mu      sync.Mutex
	wrong   map[string]int
	refused map[string]int // by code
	tasks   []*followed
	last    time.Time // a task was accepted
	cuts    int       // streams that ended before their task
	lenient bool      // connections may be refused: there are too many
}

// followed is a task that was accepted, and what its owner was told.
type followed struct {
	session *client.Session
	id      task.ID
	end     string // name of the terminal event
}

// gather makes people and sets them to work; they are gone with the test.
func gather(t *testing.T, public string) *throng {
	t.Helper()
	c := &throng{public: public, base: client.NewHTTP(64).Transport, wrong: map[string]int{}, refused: map[string]int{}}
	c.answers = rig.NewAnswers(c.base, func(_ rig.Wrong, text string) { c.say("%s", text) }).AtOnce()
	var err error
	if c.photo, err = photo.JPEG(1, 640, 480, photo.Rotated); err != nil {
		t.Fatal(err)
	}
	following, leave := context.WithCancel(t.Context())
	asking, stop := context.WithCancel(following)
	c.stop = stop
	t.Cleanup(func() {
		leave()
		c.people.Wait()
	})
	api := c.api(t)
	for i := range throngSize {
		s, err := api.NewSession(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		up, err := s.Upload(t.Context(), "image/jpeg", c.photo)
		if err != nil {
			t.Fatal(err)
		}
		c.people.Go(func() { c.ask(asking, following, api, s, up.UploadID, i) })
	}
	return c
}

// api repeats nothing: every answer counts.
func (c *throng) api(t *testing.T) *client.Client {
	t.Helper()
	cc := client.Defaults()
	cc.BaseURL, cc.Attempts, cc.HTTP = c.public, 1, &http.Client{Transport: c}
	api, err := client.New(cc)
	if err != nil {
		t.Fatal(err)
	}
	return api
}

// RoundTrip judges what the gateway answers, and not what a bucket does. The
// gateway lives, so no answer at all is wrong.
func (c *throng) RoundTrip(req *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(c.public, req.URL.Host) {
		return c.base.RoundTrip(req)
	}
	resp, err := c.answers.RoundTrip(req)
	if err != nil && req.Context().Err() == nil && !c.crowded() {
		c.say("%s: no answer: %v", req.Method, err)
	}
	return resp, err
}

func (c *throng) crowded() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lenient
}

// amongMany says whether so many connections are open that new ones may be
// closed without an answer.
func (c *throng) amongMany(many bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lenient = many
}

// ask begins something every so often until it is stopped, whether or not
// what was asked before is answered.
func (c *throng) ask(ctx, following context.Context, api *client.Client, s *client.Session, up task.UploadID, i int) {
	for n := i; rig.Wait(ctx, pause); n++ {
		c.people.Go(func() {
			if f := c.submit(ctx, s, up, int64(n)); f != nil {
				c.follow(following, f)
			}
		})
		switch n % 4 {
		case 0:
			c.people.Go(func() {
				_, _, err := s.List(ctx, 5, "")
				c.heard(ctx, "list", err)
			})
		case 1:
			c.people.Go(func() {
				_, err := api.NewSession(ctx)
				c.heard(ctx, "new session", err)
			})
		case 2:
			c.people.Go(func() { c.upload(ctx, api, s) })
		}
	}
}

// submit returns nil when the task is refused.
func (c *throng) submit(ctx context.Context, s *client.Session, up task.UploadID, seed int64) *followed {
	doc, err := s.Submit(ctx, client.NewTask{
		Key: fmt.Sprint("throng-", seed), UploadID: up, Style: styleID, Place: placeID, Options: &task.Options{Seed: &seed},
	})
	c.heard(ctx, "submit", err)
	if err != nil {
		return nil
	}
	f := &followed{session: s, id: doc.TaskID}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tasks, c.last = append(c.tasks, f), time.Now()
	return f
}

// upload sends a photo. A bucket that refuses it is no concern of the gateway,
// which then has nothing to complete.
func (c *throng) upload(ctx context.Context, api *client.Client, s *client.Session) {
	up, err := s.CreateUpload(ctx, client.NewUpload{ContentType: "image/jpeg", Size: int64(len(c.photo)), Consent: true})
	c.heard(ctx, "create an upload", err)
	if err != nil {
		return
	}
	sending, cancel := context.WithTimeout(ctx, 2*rig.AnswerWithin)
	defer cancel()
	if err := api.Put(sending, up, c.photo); err != nil {
		if strings.HasPrefix(up.UploadURL, c.public) {
			c.heard(ctx, "put", err)
		}
		return
	}
	_, err = s.CompleteUpload(ctx, up.UploadID)
	c.heard(ctx, "complete", err)
}

// follow reads the events of a task until the last one, and comes back to a
// stream that ended early.
func (c *throng) follow(ctx context.Context, f *followed) {
	for after := ""; ctx.Err() == nil; rig.Wait(ctx, pause) {
		st, err := f.session.Stream(ctx, f.id, after)
		if err != nil {
			c.heard(ctx, "stream", err)
			continue
		}
		end := ""
		for err == nil && end == "" {
			var e client.Event
			if e, err = st.Next(); err == nil && e.ID != "" {
				after = e.ID
			}
			if err == nil && e.Terminal() {
				end = e.Name
			}
		}
		st.Close()
		if c.told(f, end, ctx.Err() == nil) {
			return
		}
	}
}

// told notes how a stream ended.
func (c *throng) told(f *followed, end string, early bool) (done bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f.end = end
	if end == "" && early {
		c.cuts++
	}
	return end != ""
}

// heard counts a refusal and says what is none.
func (c *throng) heard(ctx context.Context, what string, err error) {
	var p *client.Problem
	switch {
	case err == nil || ctx.Err() != nil || !errors.As(err, &p): // RoundTrip has said what it is
	case p.Code != "" && (p.Status >= http.StatusInternalServerError || p.Status == http.StatusTooManyRequests):
		c.mu.Lock()
		defer c.mu.Unlock()
		c.refused[fmt.Sprintf("%s: %d %s", what, p.Status, p.Code)]++
	default:
		c.say("%s: %d %s", what, p.Status, p.Code)
	}
}

func (c *throng) say(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wrong[fmt.Sprintf(format, args...)]++
}

// works waits until the people get tasks accepted again.
func (c *throng) works(t *testing.T, when string, patience time.Duration) {
	t.Helper()
	begun := time.Now()
	if err := rig.Retry(t.Context(), patience, lookAgain/2, func(context.Context) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.last.Before(begun) {
			return fmt.Errorf("no task was accepted for %v; refused %v", time.Since(c.last).Round(time.Millisecond), c.refused)
		}
		return nil
	}); err != nil {
		t.Errorf("%s: %v", when, err)
		return
	}
	t.Logf("%s a task is accepted after %v", when, time.Since(begun).Round(time.Millisecond))
}

// refusals is how many times people were told to come back later.
// accepted is how many tasks were.
func (c *throng) accepted() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.tasks)
}

func (c *throng) refusals() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.refused {
		n += m
	}
	return n
}

// leave ends the asking. Every task that was accepted has its picture, and its
// owner was told.
func (c *throng) leave(t *testing.T) {
	t.Helper()
	c.stop()
	ended := make(chan struct{})
	go func() {
		c.people.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(allEnded):
	}
	for _, f := range c.unlucky() {
		doc, err := f.session.Get(t.Context(), f.id)
		t.Errorf("task %s was accepted, its owner was told %q, and it is %s %v (%v)", f.id, f.end, doc.State, doc.Error, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for w, n := range c.wrong {
		t.Errorf("%d times: %s", n, w)
	}
	t.Logf("%d accepted; %d streams ended early; refused %v; %s", len(c.tasks), c.cuts, c.refused, c.answers)
}

// unlucky are the tasks whose owners were not told of a picture.
func (c *throng) unlucky() (all []followed) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.tasks {
		if f.end != "succeeded" {
			all = append(all, *f)
		}
	}
	return all
}

// sent is a photo that has arrived and is not completed.
func (c *throng) sent(t *testing.T) (*client.Session, client.Upload) {
	t.Helper()
	api := c.api(t)
	s, err := api.NewSession(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	up, err := s.CreateUpload(t.Context(), client.NewUpload{ContentType: "image/jpeg", Size: int64(len(c.photo)), Consent: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := api.Put(t.Context(), up, c.photo); err != nil {
		t.Fatal(err)
	}
	return s, up
}
