package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	lookEvery  = 5 * time.Second
	lookWithin = 4 * time.Second
)

// Run tells what differs between what the engine has and what the configuration
// asks for, and watches over an embedded server, until ctx ends. It ends before
// with an error when that server can no longer store and cannot be helped.
func (e *Engine) Run(ctx context.Context) error { return e.attend(ctx) }

func (e *Engine) compare(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	all, err := e.Differences(ctx, 0)
	if err != nil {
		return err
	}
	e.differs.are(all)
	return nil
}

// differs tells somebody of what is not as configured.
type differs struct {
	tell func(what, how string)

	mu    sync.Mutex
	stand map[string]bool // options
}

// are is told all that differs now.
func (d *differs) are(all []Difference) {
	if d.tell == nil {
		return
	}
	each := make(map[string][]string)
	for _, x := range all {
		each[x.Option] = append(each[x.Option], strings.TrimSpace(x.Stream+" has "+x.Has+", wanted is "+x.Wants))
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for option := range d.stand {
		if each[option] == nil {
			d.tell(option, "")
		}
	}
	d.stand = make(map[string]bool, len(each))
	for _, option := range slices.Sorted(maps.Keys(each)) {
		d.stand[option] = true
		label := option
		if key, ok := keys()[option]; ok {
			label += " (" + key + ")"
		}
		d.tell(option, label+": "+several(each[option])+" (imgctl engine apply --dry-run)")
	}
}

// keys are what operators write where an option follows from it.
func keys() map[string]string {
	return map[string]string{"max age": "retention", "max msgs": "limits.queueDepth", "replicas": "engine.replicas"}
}

// several lists some of many.
func several(all []string) string {
	const shown = 3
	if len(all) <= shown {
		return strings.Join(all, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(all[:shown], ", "), len(all)-shown)
}

// Differences are the options of streams that are not what the configuration of
// this gateway asks for. With replicas other than 0, so many are asked for, of
// every stream of the engine.
func (e *Engine) Differences(ctx context.Context, replicas int) ([]Difference, error) {
	var out []Difference
	ours := make(map[string]bool)
	for _, s := range e.streams.all() {
		info, err := s.Info(ctx) // from now on it reads where the stream's options say
		if err != nil {
			return nil, fmt.Errorf("look at stream %s: %w", s.want.Name, Classify(err))
		}
		ours[s.want.Name] = true
		each, err := differences(info.Config, s.wants(), e.wanted(info.Config.Replicas, replicas))
		if err != nil {
			return nil, err
		}
		out = append(out, each...)
	}
	if replicas == 0 {
		return out, nil
	}
	others, err := e.Streams(ctx)
	for _, o := range others {
		if !ours[o.Stream] && o.Replicas != replicas {
			each, err := differences(jetstream.StreamConfig{Name: o.Stream, Replicas: o.Replicas}, jetstream.StreamConfig{}, replicas)
			if err != nil {
				return nil, err
			}
			out = append(out, each...)
		}
	}
	return out, err
}

// wanted is how many replicas a stream shall have that has some now. asked is
// what an operator asks for, 0 for what the configuration says. Where that says
// nothing, a cluster is to keep three, and nobody asks for fewer than there are.
func (e *Engine) wanted(has, asked int) int {
	switch {
	case asked > 0:
		return asked
	case e.replicas > 0:
		return e.replicas
	case e.conn.ConnectedClusterName() == "":
		return has
	}
	return max(has, mostReplicas)
}

// Configured is how many replicas the configuration asks for, 0 where it names
// no number.
func (e *Engine) Configured() (replicas int) { return e.replicas }

// Apply carries differences out. What cannot be changed stays, and says why.
func (e *Engine) Apply(ctx context.Context, all []Difference) []Difference {
	done := slices.Clone(all)
	for i, d := range done {
		if err := e.change(ctx, d.Stream, d.change); err != nil {
			done[i].Problem = said(err)
		}
	}
	_ = e.compare(ctx)
	return done
}

// said is what the engine says of an error, in its words.
func said(err error) string {
	var api *jetstream.APIError
	if errors.As(err, &api) {
		return api.Description
	}
	return err.Error()
}

// StreamStatus is how one stream is doing.
type StreamStatus struct {
	Stream   string
	Replicas int    // that it shall have
	Current  int    // of these, how many have everything
	Leader   string // "" while there is none
	Messages uint64
	Bytes    uint64
	Lag      uint64 // messages that the slowest replica has yet to get
}

// Streams are all streams of the engine, by name. One without a leader has its
// name and what this gateway knows of it.
func (e *Engine) Streams(ctx context.Context) ([]StreamStatus, error) {
	out := make(map[string]StreamStatus)
	for _, s := range e.streams.all() {
		out[s.want.Name] = StreamStatus{Stream: s.want.Name, Replicas: s.CachedInfo().Config.Replicas}
	}
	list := e.js.ListStreams(ctx)
	for info := range list.Info() {
		out[info.Config.Name] = e.status(info)
	}
	if err := list.Err(); err != nil {
		return nil, Classify(err)
	}
	all := make([]StreamStatus, 0, len(out))
	for _, s := range out {
		all = append(all, s)
	}
	slices.SortFunc(all, func(x, y StreamStatus) int { return cmp.Compare(x.Stream, y.Stream) })
	return all, nil
}

func (e *Engine) status(info *jetstream.StreamInfo) StreamStatus {
	s := StreamStatus{
		Stream: info.Config.Name, Replicas: info.Config.Replicas, Current: 1, Leader: e.conn.ConnectedServerName(),
		Messages: info.State.Msgs, Bytes: info.State.Bytes,
	}
	if info.Cluster == nil {
		return s
	}
	s.Leader = info.Cluster.Leader
	for _, r := range info.Cluster.Replicas {
		s.Lag = max(s.Lag, r.Lag)
		if r.Current && !r.Offline && r.Lag == 0 {
			s.Current++
		}
	}
	return s
}

// Limit changes how many messages a stream holds, 0 for no limit. It is for
// numbers that operators change while gateways run.
func (e *Engine) Limit(ctx context.Context, name string, most int64) error {
	if most == 0 {
		most = -1
	}
	s := e.streams.limit(name, most)
	if s.CachedInfo().Config.MaxMsgs == most {
		return nil
	}
	err := e.change(ctx, name, map[string]any{"max_msgs": most})
	if err == nil {
		_, err = s.Info(ctx)
	}
	if err != nil {
		return fmt.Errorf("limit stream %s: %w", name, Classify(err))
	}
	return nil
}
