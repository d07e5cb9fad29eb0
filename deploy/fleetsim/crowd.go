package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/imgfleet/imgfleet/deploy/e2e/photo"
	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/pkg/client"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const people = 32

// crowd is the people of one arm and their tasks.
type crowd struct {
	fleet    *fleet
	sessions []*client.Session
	uploads  []task.UploadID
	styles   []string
	places   []string

	submitted, ended atomic.Int64

	mu   sync.Mutex
	ids  []task.ID
	lost []string // wishes that were not accepted
}

// gather makes the sessions and sends the photos.
func gather(ctx context.Context, f *fleet) (*crowd, error) {
	cc := client.Defaults()
	cc.BaseURL, cc.HTTP = f.public, client.NewHTTP(256)
	api, err := client.New(cc)
	if err != nil {
		return nil, err
	}
	catalog, err := api.Catalog(ctx)
	if err != nil {
		return nil, err
	}
	cr := &crowd{fleet: f}
	for _, s := range catalog.Styles {
		cr.styles = append(cr.styles, s.ID)
	}
	for _, p := range catalog.Places {
		cr.places = append(cr.places, p.ID)
	}
	for i := range people {
		data, err := photo.JPEG(uint64(i), 640, 480, photo.Rotated)
		if err != nil {
			return nil, err
		}
		s, err := api.NewSession(ctx)
		if err != nil {
			return nil, err
		}
		u, err := s.Upload(ctx, "image/jpeg", data)
		if err != nil {
			return nil, fmt.Errorf("upload: %w", err)
		}
		cr.sessions, cr.uploads = append(cr.sessions, s), append(cr.uploads, u.UploadID)
	}
	return cr, nil
}

// live submits the tasks at random moments, whether or not earlier ones have
// ended, and returns when all have. Half-way some vendors die.
func (cr *crowd) live(ctx context.Context, progress io.Writer) error {
	a, c := cr.fleet.arm, cr.fleet.config
	dice := rand.New(rand.NewPCG(c.Seed, uint64(a.tasks)))
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go rig.Progress(ctx, progress, 5*time.Second, func(since time.Duration) string {
		submitted, ended := cr.submitted.Load(), cr.ended.Load()
		return fmt.Sprintf("fleet-sim: %-11s %3.0f s  submitted %d/%d  ended %d  under way %d", a.name, since.Seconds(), submitted, a.tasks, ended, submitted-ended)
	})
	var wishes sync.WaitGroup
	defer wishes.Wait()
	next := time.Now()
	for i := range a.tasks {
		if i == a.tasks/2 {
			if err := cr.die(ctx); err != nil {
				return err
			}
		}
		next = next.Add(time.Duration(dice.ExpFloat64() / c.Rate * float64(time.Second)))
		select {
		case <-time.After(time.Until(next)):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		who, style, place := dice.IntN(people), dice.IntN(len(cr.styles)), dice.IntN(len(cr.places))
		wishes.Go(func() { cr.wish(ctx, int64(i), who, cr.styles[style], cr.places[place]) })
	}
	wishes.Wait()
	return context.Cause(ctx)
}

func (cr *crowd) die(ctx context.Context) error {
	for i, v := range cr.fleet.arm.vendors {
		if v.death == "" {
			continue
		}
		if err := cr.fleet.vendors.Steer(ctx, v.name, v.knobs(cr.fleet.config, v.death, cr.fleet.config.Seed+100+uint64(i))); err != nil {
			return err
		}
	}
	return nil
}

// wish submits one task and waits for its end.
func (cr *crowd) wish(ctx context.Context, seed int64, who int, style, place string) {
	ctx, cancel := context.WithTimeout(ctx, cr.fleet.config.Patience)
	defer cancel()
	s := cr.sessions[who]
	made, err := s.Submit(ctx, client.NewTask{UploadID: cr.uploads[who], Style: style, Place: place, Options: &task.Options{Seed: &seed}})
	cr.submitted.Add(1)
	defer cr.ended.Add(1)
	cr.mu.Lock()
	if err != nil {
		cr.lost = append(cr.lost, fmt.Sprintf("not accepted: %v", err))
	} else {
		cr.ids = append(cr.ids, made.TaskID)
	}
	cr.mu.Unlock()
	if err == nil {
		_, _ = s.Wait(ctx, made.TaskID) // what became of it is in its record
	}
}
