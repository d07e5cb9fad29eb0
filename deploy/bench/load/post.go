package load

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
)

// answerWithin is how long one answer may take before the run has failed.
const answerWithin = 30 * time.Second

// poster runs a Post.
type poster struct {
	job   Post
	lanes []*lane
	sent  atomic.Int64
}

// lane is one connection and what came over it.
type lane struct {
	conn     net.Conn
	read     *reader
	requests []*request
	times    []time.Duration
	tasks    []Accepted
	refused  map[string]int
}

func newPoster(p Post) *poster { return &poster{job: p} }

func (p *poster) prepare(ctx context.Context) error {
	j := p.job
	if j.Conns < 1 || len(j.Owners) < j.Conns {
		return fmt.Errorf("%d connections need as many owners, there are %d", j.Conns, len(j.Owners))
	}
	if j.Seed < minSeed || j.Seed > maxSeed-10_000_000 {
		return fmt.Errorf("seed %d does not leave room to count", j.Seed)
	}
	for i := range j.Conns {
		c, err := dial(ctx, j.Addr)
		if err != nil {
			return err
		}
		l := &lane{conn: c, read: newReader(c), refused: make(map[string]int)}
		for o := i; o < len(j.Owners); o += j.Conns {
			l.requests = append(l.requests, newRequest(j, j.Owners[o]))
		}
		p.lanes = append(p.lanes, l)
	}
	return nil
}

func (p *poster) close() {
	for _, l := range p.lanes {
		_ = l.conn.Close()
	}
}

func (p *poster) run(ctx context.Context) (Result, error) {
	r, err := drive(len(p.lanes), func(i int, start time.Time) ([]time.Duration, error) {
		err := p.drive(ctx, p.lanes[i], i, start)
		return p.lanes[i].times, err
	})
	r.Refused = make(map[string]int)
	for _, l := range p.lanes {
		r.Tasks = append(r.Tasks, l.tasks...)
		for status, n := range l.refused {
			r.Refused[status] += n
		}
	}
	return r, err
}

// drive sends until the job is done. At a rate, a request is timed from when
// it was due, so that a slow answer is not hidden by those it holds up.
func (p *poster) drive(ctx context.Context, l *lane, at int, start time.Time) error {
	for n := 0; ctx.Err() == nil; n++ {
		due := time.Now()
		if p.job.Rate > 0 {
			due = start.Add(time.Duration(float64(n*p.job.Conns+at) / p.job.Rate * float64(time.Second)))
			time.Sleep(time.Until(due))
		}
		number := p.sent.Add(1)
		if (p.job.Count > 0 && number > int64(p.job.Count)) || (p.job.For > 0 && due.Sub(start) >= p.job.For) {
			return nil
		}
		if err := p.one(l, l.requests[n%len(l.requests)], p.job.Seed+number, due); err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

func (p *poster) one(l *lane, r *request, seed int64, due time.Time) error {
	if err := l.conn.SetDeadline(due.Add(answerWithin)); err != nil {
		return err
	}
	if _, err := l.conn.Write(r.with(seed)); err != nil {
		return err
	}
	a, err := l.read.next()
	if err != nil {
		return err
	}
	took := time.Since(due)
	id, named := field(a.body, "taskId")
	if a.status != 202 || !named || !task.ValidID(id) || !a.location {
		l.refused[reason(a)]++
		return nil
	}
	l.times = append(l.times, took)
	if !p.job.Keep {
		return nil
	}
	created, _ := field(a.body, "createdAt")
	when, err := time.Parse(time.RFC3339Nano, created)
	if err != nil {
		return fmt.Errorf("%w: createdAt: %w", errAnswer, err)
	}
	l.tasks = append(l.tasks, Accepted{Task: task.ID(id), CreatedAt: when})
	return nil
}

// reason names an answer that was no acceptance.
func reason(a answer) string {
	code, _ := field(a.body, "code")
	return strconv.Itoa(a.status) + " " + code
}
