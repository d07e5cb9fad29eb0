package double

import (
	"sync/atomic"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/tick"
)

// Work is one picture that the vendor was asked for.
type Work struct {
	ID    string     // of the job
	Fails task.Class // how it ends badly; "" when it succeeds
	Doc   any        // what the vendor's double wants to know when it is polled

	begins, due time.Time
	canceled    atomic.Bool
}

// Waits reports whether the job is still to be begun.
func (w *Work) Waits() bool { return !w.Canceled() && time.Now().Before(w.begins) }

// Canceled reports whether it never will be.
func (w *Work) Canceled() bool { return w.canceled.Load() }

// Done reports whether the job has ended.
func (w *Work) Done() bool { return w.Canceled() || !time.Now().Before(w.due) }

// Refusal counts a submission and gives the vendor's refusal when the dice or
// its bounds want one. It comes after all checks and before the work.
func (c *Call) Refusal() (Reply, bool) {
	d := c.d
	d.mu.Lock()
	defer d.mu.Unlock()
	d.books.Submissions++
	c.asked = len(d.asked)
	d.asked = append(d.asked, Submission{At: time.Now().UTC(), Request: c.Header.Get("X-Client-Request-Id")})
	class := c.fault.Class()
	d.left--
	full := d.knobs.Slots > 0 && d.busy() >= d.knobs.Slots
	if class == "" && (full || d.knobs.Allow > 0 && d.left < 0) {
		class = task.ClassRate
	}
	if class == "" {
		return Reply{}, false
	}
	d.books.Refused++
	d.asked[c.asked].Refused = true
	return d.refuse(class), true
}

func (d *Double) busy() int {
	n := d.running
	for _, w := range d.jobs {
		if !w.Done() {
			n++
		}
	}
	return n
}

// Work takes the time of one picture and bills it, whether or not the caller
// still listens, after Refusal gave none. It gives the vendor's refusal when the work fails.
func (c *Call) Work() (Reply, bool) {
	d := c.d
	d.mu.Lock()
	takes, fails := d.knobs.latency(d.dice), d.knobs.draw(Job, d.dice).Class()
	d.running++
	d.mu.Unlock()
	tick.Wait(c.Context(), takes) // when nobody waits any more, the bill is the same
	d.mu.Lock()
	defer d.mu.Unlock()
	d.running--
	if fails != "" {
		d.books.Refused++
		d.asked[c.asked].Refused = true
		return d.refuse(fails), true
	}
	d.books.Billed++
	return Reply{}, false
}

// Start begins a job that ends by itself, after Refusal gave none. Doc is given back with it.
func (c *Call) Start(prefix string, doc any) *Work {
	d := c.d
	d.mu.Lock()
	defer d.mu.Unlock()
	begins := time.Now().Add(d.knobs.Queue)
	w := &Work{
		ID: d.id(prefix), Doc: doc, Fails: d.knobs.draw(Job, d.dice).Class(), begins: begins, due: begins.Add(d.knobs.latency(d.dice)),
	}
	d.jobs[w.ID] = w
	d.asked[c.asked].Job = w.ID
	return w
}

// Job finds a job. A fault in the vendor's words is the poll's own.
func (c *Call) Job(id string) (*Work, bool) {
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	w, ok := c.d.jobs[id]
	return w, ok
}

// Cancel takes a job back that still waits, and reports whether it did.
func (c *Call) Cancel(id string) bool {
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	w, ok := c.d.jobs[id]
	if !ok || !w.Waits() {
		return false
	}
	w.canceled.Store(true)
	c.d.books.Canceled++
	return true
}

// PollRefusal gives the vendor's refusal of a poll, or of a cancel, when the
// dice want one.
func (c *Call) PollRefusal() (Reply, bool) {
	if class := c.fault.Class(); class != "" {
		return c.d.refuse(class), true
	}
	return Reply{}, false
}
