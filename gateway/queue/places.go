package queue

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	placesPrefix = "PLACES_"

	// placeGrace is how long a place may be without its job: the accept that
	// took it is still under way.
	placeGrace = 30 * time.Second

	// placesUnused is how old empty places must be to be removed: a gateway
	// that has not heard of a new campaign must not remove those of it.
	placesUnused = 10 * time.Minute
)

// The places of a campaign are a stream of its own that holds a message for
// each of its tasks, queued or running, and refuses one too many. So the
// engine counts, for all gateways alike, and the count survives them all.

func placeSubject(campaign string, id task.ID) string { return "place." + campaign + "." + string(id) }

// OpenPlaces makes the places of a campaign, or changes how many there are.
// Those that are taken beyond a smaller number stay until their tasks end.
func (q *Queue) OpenPlaces(ctx context.Context, campaign string, n int64) error {
	s, err := q.engine.Stream(ctx, jetstream.StreamConfig{
		Name: placesPrefix + campaign, Subjects: []string{"place." + campaign + ".*"}, Storage: jetstream.FileStorage,
		MaxMsgs: n, MaxMsgsPerSubject: 1, Discard: jetstream.DiscardNew, AllowMsgTTL: true, AllowDirect: readsAnywhere(q.engine),
	})
	if err == nil {
		q.places.Store(campaign, s)
	}
	return err
}

// placesOf finds the places of a campaign; nil when there are none.
func (q *Queue) placesOf(ctx context.Context, campaign string) (jetstream.Stream, error) {
	if s, ok := q.places.Load(campaign); ok {
		return s.(jetstream.Stream), nil
	}
	s, err := q.js.Stream(ctx, placesPrefix+campaign)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("places of %s: %w", campaign, engine.Classify(err))
	}
	q.places.Store(campaign, s)
	return s, nil
}

// TakePlace takes a place for a task, once however often it is asked, for at
// most as long as it is kept. When all are taken it is fault.CampaignFull.
func (q *Queue) TakePlace(ctx context.Context, campaign string, id task.ID, kept time.Duration) error {
	_, err := q.js.PublishMsg(ctx, nats.NewMsg(placeSubject(campaign, id)),
		jetstream.WithExpectLastSequencePerSubject(0), jetstream.WithMsgTTL(wholeSeconds(kept)))
	switch {
	case err == nil:
		return nil
	case fault.KindOf(engine.Classify(err)) == fault.Conflict:
		return nil // it has one
	case !isFull(err):
		return fmt.Errorf("take place in %s: %w", campaign, engine.Classify(err))
	}
	if s, _ := q.placesOf(ctx, campaign); s != nil {
		if _, err := s.GetLastMsgForSubject(ctx, placeSubject(campaign, id)); err == nil {
			return nil
		}
	}
	return fault.Wrap(fault.CampaignFull, err).After(q.drainTime())
}

// LeavePlace gives a place back; one that nobody has is no error.
func (q *Queue) LeavePlace(ctx context.Context, campaign string, id task.ID) error {
	s, err := q.placesOf(ctx, campaign)
	if s == nil {
		return err
	}
	err = s.Purge(ctx, jetstream.WithPurgeSubject(placeSubject(campaign, id)))
	if err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
		return fmt.Errorf("leave place in %s: %w", campaign, engine.Classify(err))
	}
	return nil
}

// PlacesTaken counts the tasks of a campaign that are queued or running.
func (q *Queue) PlacesTaken(ctx context.Context, campaign string) (int64, error) {
	s, err := q.placesOf(ctx, campaign)
	if s == nil {
		return 0, err
	}
	info, err := s.Info(ctx)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		q.places.Delete(campaign)
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("places of %s: %w", campaign, engine.Classify(err))
	}
	return int64(info.State.Msgs), nil
}

// SweepPlaces gives back the places of tasks that never came to be, because
// the gateway that accepted them died in between: those without a job.
func (q *Queue) SweepPlaces(ctx context.Context, campaign string) (swept int, err error) {
	s, err := q.placesOf(ctx, campaign)
	if s == nil {
		return 0, err
	}
	taken, err := s.Info(ctx, jetstream.WithSubjectFilter(placeSubject(campaign, "*"))) // before the jobs: one accepted since is not missed
	if err != nil {
		return 0, fmt.Errorf("places of %s: %w", campaign, engine.Classify(err))
	}
	jobs, err := q.jobs.Info(ctx, jetstream.WithSubjectFilter(jobSubject("*", "*")))
	if err != nil {
		return 0, fmt.Errorf("list jobs: %w", engine.Classify(err))
	}
	live := make(map[string]struct{}, len(jobs.State.Subjects))
	for subject := range jobs.State.Subjects {
		live[subject[strings.LastIndexByte(subject, '.')+1:]] = struct{}{}
	}
	for subject := range taken.State.Subjects {
		id := subject[strings.LastIndexByte(subject, '.')+1:]
		if _, ok := live[id]; ok {
			continue
		}
		if m, err := s.GetLastMsgForSubject(ctx, subject); err != nil || time.Since(m.Time) < q.placeGrace {
			continue
		}
		if err := q.LeavePlace(ctx, campaign, task.ID(id)); err != nil {
			return swept, err
		}
		swept++
	}
	return swept, nil
}

// DropPlaces removes the empty places of campaigns that are not to be kept.
func (q *Queue) DropPlaces(ctx context.Context, keep func(campaign string) bool) error {
	list := q.js.ListStreams(ctx, jetstream.WithStreamListSubject("place.>"))
	for info := range list.Info() {
		name, ok := strings.CutPrefix(info.Config.Name, placesPrefix)
		if !ok || keep(name) || info.State.Msgs > 0 || time.Since(info.Created) < q.placesUnused {
			continue
		}
		q.places.Delete(name)
		if err := q.js.DeleteStream(ctx, info.Config.Name); err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
			return fmt.Errorf("drop places of %s: %w", name, engine.Classify(err))
		}
	}
	if err := list.Err(); err != nil {
		return fmt.Errorf("list places: %w", engine.Classify(err))
	}
	return nil
}
