package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/deploy/e2e/photo"
	"github.com/imgfleet/imgfleet/pkg/client"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	forgetful = 8 // every so many people erase their session at the end
)

// person is one client: a session, a photo, and its tasks.
type person struct {
	config  Config
	number  uint64
	book    *book
	roads   *roads
	session *client.Session
	upload  task.UploadID
	styles  []string
	places  []string
	over    <-chan struct{} // closed when nothing new is asked for any more; nil for never
}

// arrive makes the session and sends the photo, in spite of the kills. The
// person asks the given gateways, each request so many times.
func arrive(ctx context.Context, c Config, b *book, gateways []string, base http.RoundTripper, number uint64, attempts int) (*person, error) {
	r, err := newRoads(base, gateways, c.Seed, number)
	if err != nil {
		return nil, err
	}
	cc := client.Defaults()
	cc.BaseURL, cc.HTTP = gateways[0], &http.Client{Transport: r}
	cc.Attempts, cc.MinBackoff, cc.MaxBackoff, cc.Silence = attempts, 50*time.Millisecond, 6*time.Second, 40*time.Second
	api, err := client.New(cc)
	if err != nil {
		return nil, err
	}
	p := &person{config: c, number: number, book: b, roads: r}
	catalog, err := api.Catalog(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range catalog.Styles {
		p.styles = append(p.styles, s.ID)
	}
	for _, s := range catalog.Places {
		p.places = append(p.places, s.ID)
	}
	if p.session, err = api.NewSession(ctx); err != nil {
		return nil, err
	}
	data, err := photo.JPEG(number, 640, 480, photo.Rotated)
	if err != nil {
		return nil, err
	}
	u, err := p.session.Upload(ctx, "image/jpeg", data)
	p.upload = u.UploadID
	return p, err
}

// live submits n tasks, some at a time, and follows each to its end. Some
// people erase their session after that.
func (p *person) live(ctx context.Context, n int) {
	p.work(ctx, n)
	if p.number%forgetful == forgetful-1 {
		p.leave(ctx)
	}
}

func (p *person) work(ctx context.Context, n int) {
	slots := make(chan struct{}, p.config.Active)
	var tasks sync.WaitGroup
	defer tasks.Wait()
	for i := range n {
		select {
		case slots <- struct{}{}:
		case <-p.over:
			return
		case <-ctx.Done():
			return
		}
		tasks.Go(func() {
			defer func() { <-slots }()
			p.one(ctx, uint64(i))
		})
	}
}

// one submits one task and follows it.
func (p *person) one(ctx context.Context, n uint64) {
	ctx, cancel := context.WithTimeout(ctx, p.config.Patience)
	defer cancel()
	r := rand.New(rand.NewPCG(p.config.Seed^p.number<<20, n))
	f := draw(r)
	seed := int64(n)
	if f.common { // a task like another one before may be answered from the cache
		seed = int64(n % 2)
	}
	wish := client.NewTask{
		Key: fmt.Sprintf("torture-%d-%d", p.number, n), UploadID: p.upload,
		Style: p.styles[seed%int64(len(p.styles))], Place: p.places[seed%int64(len(p.places))],
		Options: &task.Options{Seed: &seed},
	}
	if e := p.submit(ctx, wish, f); e != nil {
		p.see(ctx, e, f, r)
	}
}

// submit asks until there is an answer; nil when there was none.
func (p *person) submit(ctx context.Context, wish client.NewTask, f fate) *entry {
	if f.lose {
		p.roads.loseNext(wish.Key)
	}
	p.book.submitted.Add(1)
	got, err := p.session.Submit(ctx, wish)
	if err != nil {
		p.unanswered("submit", "", err)
		return nil
	}
	if said := p.roads.said(wish.Key); said != "" {
		p.book.dropped.Add(1)
		if said != got.TaskID {
			p.book.fault(surprise, 1, got.TaskID, "the key %s made %s first, then this one", wish.Key, said)
		}
		if !got.Replayed {
			p.book.fault(surprise, 1, got.TaskID, "a repeated submission does not say Idempotency-Replayed")
		}
	}
	return p.book.accept(&entry{session: p.session, id: got.TaskID, key: wish.Key, again: func(ctx context.Context, other bool) (client.Task, error) {
		w := wish
		if other {
			w.Style = p.styles[(len(p.styles)/2+1)%len(p.styles)]
			unlike := int64(1_000_000)
			w.Options = &task.Options{Seed: &unlike}
		}
		return p.session.Submit(ctx, w)
	}})
}

// unanswered counts a client that gave up, and reports any other error as a
// fault.
func (p *person) unanswered(what string, id task.ID, err error) {
	if client.Code(err) == fault.BudgetExhausted && p.config.Budgets {
		p.book.broke.Add(1)
		return
	}
	status := client.Status(err)
	if status == 0 || status == http.StatusTooManyRequests || (status >= 502 && status <= 504) {
		p.book.gaveUp.Add(1)
		return
	}
	p.book.fault(surprise, 1, id, "%s: %v", what, err)
}

// see follows the task and does what its fate says.
func (p *person) see(ctx context.Context, e *entry, f fate, r *rand.Rand) {
	reading := &reader{book: p.book, entry: e, rand: rand.New(rand.NewPCG(r.Uint64(), 1))}
	var done sync.WaitGroup
	done.Go(func() { reading.run(ctx) })
	defer func() {
		done.Wait()
		p.settle(e)
	}()
	if f.reuse == reuseEarly {
		p.reuse(ctx, e)
	}
	if f.other {
		p.misuse(ctx, e)
	}
	p.await(ctx, e, f.cancel)
	if f.cancel != never {
		p.cancel(ctx, e)
	}
	p.await(ctx, e, f.remove)
	if f.remove != never {
		p.remove(ctx, e, f)
		return
	}
	if f.reuse == reuseLate || f.regenerate {
		p.await(ctx, e, atEnd)
		if f.reuse == reuseLate {
			p.reuse(ctx, e)
		}
		if f.regenerate {
			p.regenerate(ctx, e, r)
		}
	}
}

// leave erases the session and all it owns. A repeated request whose first
// answer was lost is told that the session is gone.
func (p *person) leave(ctx context.Context) {
	if _, err := p.session.Erase(ctx); err != nil && client.Code(err) != fault.SessionErased {
		p.unanswered("erase session", "", err)
		return
	}
	p.book.erase(p.session)
}

// settle counts how a task came out.
func (p *person) settle(e *entry) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.trail.terminal != "":
		p.book.finished.Add(1)
	case e.condemn: // it may go without a word
	case e.gone: // counted already
	default:
		p.book.fault(lost, 1, e.id, "no terminal event in %v; last event %d, state %s", time.Since(e.at).Round(time.Second), e.trail.last, e.trail.state)
	}
}
