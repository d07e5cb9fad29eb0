package queue

import (
	"math"
	"time"

	"github.com/bytedance/sonic"
	"github.com/nats-io/nats.go"

	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	loadSubject   = "queue.load"
	loadStale     = 3 * time.Second
	cancelSubject = "queue.cancel"
)

// Load is what the dispatcher knows about the queue. It is sent to every gateway
// four times a second, so that each can estimate when a task is done.
type Load struct {
	At        time.Time `json:"at"`
	Delivered uint64    `json:"delivered"` // last job that was leased
	Waiting   int       `json:"waiting"`   // leased jobs that do not run yet
	Running   int       `json:"running"`
	Capacity  int       `json:"capacity"` // tasks that run at once
	P50       float64   `json:"p50"`      // seconds of service, median
	P90       float64   `json:"p90"`
	Mean      float64   `json:"mean"`
}

// PublishLoad sends the load to all gateways. The next one replaces a lost
// message.
func (q *Queue) PublishLoad(l Load) error {
	data, err := sonic.Marshal(l)
	if err != nil {
		return err
	}
	return q.engine.Tell(loadSubject, data)
}

func (q *Queue) receiveLoad(m *nats.Msg) {
	l := new(Load)
	if sonic.Unmarshal(m.Data, l) == nil {
		q.load.Store(l)
	}
}

// Load returns the last load that arrived, or nil when no gateway dispatches.
func (q *Queue) Load() *Load {
	l := q.load.Load()
	if l == nil || time.Since(l.At) > loadStale {
		return nil
	}
	return l
}

// Estimate is the position of a job by its sequence: behind all leased jobs that
// wait and all jobs accepted before it. It is an upper bound, because jobs that
// ended out of turn are counted too. It is nil when no gateway dispatches.
func (q *Queue) Estimate(seq uint64) *task.Position {
	l := q.Load()
	if l == nil {
		return nil
	}
	ahead := l.Waiting
	if seq > l.Delivered {
		ahead += int(seq - l.Delivered - 1)
	}
	p := l.Position(ahead + 1)
	return &p
}

// Position says what it means to be the nth in the queue.
func (l *Load) Position(n int) task.Position {
	free := max(0, l.Capacity-l.Running)
	rounds := 0.0
	if n > free {
		rounds = math.Ceil(float64(n-free) / float64(max(1, l.Capacity)))
	}
	wait := rounds * l.Mean
	return task.Position{Position: n, P50: tenth(wait + l.P50), P90: tenth(wait*1.25 + l.P90)}
}

func tenth(s float64) float64 { return math.Round(s*10) / 10 }

// DrainTime is when a full queue has probably room again.
func (q *Queue) DrainTime() time.Duration {
	l := q.Load()
	if l == nil || l.Mean == 0 {
		return 5 * time.Second
	}
	return max(time.Second, min(time.Minute, time.Duration(l.Mean*float64(time.Second))))
}

// SignalCancel makes the dispatcher read a task's record again, because the task
// is to be canceled, was canceled or was deleted. The record decides; a lost
// signal only costs time.
func (q *Queue) SignalCancel(s task.SessionID, id task.ID) error {
	return q.engine.Tell(cancelSubject, []byte(string(s)+"."+string(id)))
}
