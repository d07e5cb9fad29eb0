package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/pkg/client"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	lookEvery = 200 * time.Millisecond
	tryOnce   = 2 * time.Second // one request of a probe
)

// probe asks one gateway, and only that one, whether it works. It repeats
// nothing, so that it sees every refusal.
type probe struct {
	name   string
	url    string
	book   *book
	person *person
	rand   *rand.Rand
	asked  atomic.Int64 // tasks, for their keys
	follow func(func()) // runs what sees a task to its end
}

func newProbe(ctx context.Context, c Config, b *book, name, url string, base http.RoundTripper, follow func(func())) (*probe, error) {
	number := uint64(1_000 + len(name) + int(name[len(name)-1]))
	var p *person
	err := rig.Retry(ctx, time.Minute, lookEvery, func(ctx context.Context) (err error) {
		p, err = arrive(ctx, c, b, []string{url}, base, number, 1)
		return err
	})
	return &probe{name: name, url: url, book: b, person: p, rand: rand.New(rand.NewPCG(c.Seed, number)), follow: follow}, err
}

// works asks for everything that needs the engine: a session, a list, a task
// and its stream.
func (p *probe) works(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, tryOnce)
	defer cancel()
	if err := p.person.session.Renew(ctx); err != nil {
		return fmt.Errorf("renew: %w", err)
	}
	if _, _, err := p.person.session.List(ctx, 10, ""); err != nil {
		return fmt.Errorf("list: %w", err)
	}
	e, err := p.submit(ctx)
	if err != nil {
		return fmt.Errorf("submit: %w", err)
	}
	st, err := e.session.Stream(ctx, e.id, "")
	if err != nil {
		return fmt.Errorf("stream: %w", err)
	}
	defer st.Close()
	_, err = st.Next()
	return err
}

// submit asks for a task and has it followed to its end.
func (p *probe) submit(ctx context.Context) (*entry, error) {
	n := p.asked.Add(1)
	seed := n % math.MaxInt32
	ask := client.NewTask{
		Key: fmt.Sprintf("probe-%s-%d", p.name, n), UploadID: p.person.upload,
		Style: p.person.styles[0], Place: p.person.places[0], Options: &task.Options{Seed: &seed},
	}
	p.book.submitted.Add(1)
	got, err := p.person.session.Submit(ctx, ask)
	if err != nil {
		return nil, err
	}
	e := p.book.accept(&entry{session: p.person.session, id: got.TaskID, key: ask.Key, again: func(ctx context.Context, _ bool) (client.Task, error) {
		return p.person.session.Submit(ctx, ask)
	}})
	r := rand.New(rand.NewPCG(p.rand.Uint64(), uint64(n)))
	p.follow(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.person.config.Patience)
		defer cancel()
		p.person.see(ctx, e, fate{}, r)
	})
	return e, nil
}

// expectation is what readiness has to say.
type expectation int64

const (
	nothing expectation = iota // in between, or unknown
	notReady
	ready
)

var errSilent = errors.New("no answer")

// readiness asks /readyz by itself, so that nothing else slows it down.
func readiness(ctx context.Context, url string) (expectation, error) {
	ctx, cancel := context.WithTimeout(ctx, rig.AnswerWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/readyz", http.NoBody)
	if err != nil {
		return nothing, err
	}
	resp, err := new(http.Client).Do(req)
	if err != nil {
		return nothing, errors.Join(errSilent, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode == http.StatusOK {
		return ready, nil
	}
	return notReady, nil
}

// watch compares what the gateway says of itself with what is expected of it
// for as long as one question takes.
func (p *probe) watch(ctx context.Context, expect func() (expectation, int64)) {
	for rig.Wait(ctx, lookEvery) {
		want, epoch := expect()
		begun := time.Now()
		got, err := readiness(ctx, p.url)
		still, same := expect()
		if took := time.Since(begun); took > rig.AnswerWithin {
			p.book.fault(late, 1, "", "GET /readyz of %s: %v", p.name, took.Round(time.Millisecond))
		}
		if err == nil && want != nothing && still == want && same == epoch && got != want {
			p.book.fault(untrue, 1, "", "%s says %s", p.name, map[expectation]string{ready: "it is ready without an engine", notReady: "it is not ready when all works"}[got])
		}
	}
}
