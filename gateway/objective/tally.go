package objective

import (
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// What the label code says of a task that did not fail.
const (
	codeCached   = "cached"   // a picture that the person had already
	codeDegraded = "degraded" // the mock stood in
)

// stateDeleted is the state of a task whose person deleted it while it ran.
const stateDeleted = "deleted"

// Tally counts what became of people's tasks. Load that is no person's is not
// for it.
type Tally struct {
	tasks    *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	pictures *prometheus.CounterVec
	fen      *prometheus.CounterVec
	window   window
}

// NewTally registers the metrics, the objectives among them: alert rules compare
// with these, and with no number of their own.
func NewTally(c Config, reg prometheus.Registerer) *Tally {
	f := promauto.With(reg)
	for name, o := range map[string]struct {
		help  string
		value float64
	}{
		"objective_seconds":       {"The time that 95 of 100 pictures take at most, as configured.", c.P95.Seconds()},
		"objective_success_ratio": {"The share of tasks that end with a picture, as configured.", c.Success},
		"objective_errors_ratio":  {"The share of answers that may be a failure of ours, as configured.", c.Errors},
	} {
		f.NewGauge(prometheus.GaugeOpts{Name: "imgfleet_" + name, Help: o.help}).Set(o.value)
	}
	t := &Tally{
		tasks: f.NewCounterVec(prometheus.CounterOpts{
			Name: "imgfleet_tasks_total",
			Help: "Tasks of people that ended, by state and code: why it failed, or cached or degraded. Counted by the gateway that wrote the end, once over all gateways.",
		}, []string{"state", "code"}),
		seconds: f.NewHistogramVec(prometheus.HistogramOpts{
			Name: "imgfleet_task_seconds", Help: "From accept to the end of a task of a person, by state. Cached answers are not in it.", Buckets: edges(c.P95),
		}, []string{"state"}),
		pictures: f.NewCounterVec(prometheus.CounterOpts{
			Name: "imgfleet_pictures_total", Help: "Pictures delivered, by the provider and model that made them.",
		}, []string{"provider", "model"}),
		fen: f.NewCounterVec(prometheus.CounterOpts{
			Name: "imgfleet_picture_fen_total", Help: "What delivered pictures cost, with all other attempts of their tasks.",
		}, []string{"provider", "model"}),
		window: window{now: time.Now},
	}
	t.begin()
	return t
}

// begin shows the usual ends with nothing yet: a rate does not see the first of
// a series that comes with it.
func (t *Tally) begin() {
	for _, s := range []task.State{task.Succeeded, task.Failed, task.Canceled, task.Expired} {
		t.seconds.WithLabelValues(string(s))
	}
	t.tasks.WithLabelValues(string(task.Succeeded), "")
	t.tasks.WithLabelValues(string(task.Canceled), "")
	t.tasks.WithLabelValues(string(task.Expired), string(fault.TaskExpired))
	for _, code := range []fault.Code{fault.GenerationFailed, fault.ProviderUnknown, fault.ContentRefused} {
		t.tasks.WithLabelValues(string(task.Failed), string(code))
	}
}

// edges are those of task_seconds. The objective is one of them, so that what
// misses it is known exactly.
func edges(p95 time.Duration) []float64 {
	all := []float64{.1, .25, .5, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600}
	if at, there := slices.BinarySearch(all, p95.Seconds()); !there {
		all = slices.Insert(all, at, p95.Seconds())
	}
	return all
}

// Ended counts a task by its last revision. Whoever wrote it calls this, once.
func (t *Tally) Ended(r *task.Record) {
	code := ""
	switch {
	case r.Failure != nil:
		code = string(r.Failure.Code)
	case r.Cached:
		code = codeCached
	case r.Degraded && r.State == task.Succeeded:
		code = codeDegraded
	}
	t.tasks.WithLabelValues(string(r.State), code).Inc()
	if r.Cached {
		return
	}
	took := time.Duration(0)
	if r.FinishedAt != nil {
		took = max(0, r.FinishedAt.Sub(r.CreatedAt))
	}
	t.seconds.WithLabelValues(string(r.State)).Observe(took.Seconds())
	switch promised(r) {
	case kept:
		t.window.good(took)
	case broken:
		t.window.bad()
	}
}

// Deleted counts a task that its person deleted while it ran.
func (t *Tally) Deleted() { t.tasks.WithLabelValues(stateDeleted, "").Inc() }

// Delivered counts a picture by the attempt that made it, and what all attempts
// of its task cost. The last of them has ended.
func (t *Tally) Delivered(made task.Attempt, fen int64) {
	t.pictures.WithLabelValues(made.Provider, made.Model).Inc()
	t.fen.WithLabelValues(made.Provider, made.Model).Add(float64(fen))
}

// Answered counts an answer to a person.
func (t *Tally) Answered(status int) {
	t.window.answers.Add(1)
	if status >= http.StatusInternalServerError {
		t.window.errors.Add(1)
	}
}

// verdict is what a task's end says of the promise.
type verdict uint8

const (
	apart  verdict = iota // nothing: nobody waited for a model in vain
	kept                  // a picture of a real model
	broken                // none, and not by what the person sent or did
)

func promised(r *task.Record) verdict {
	switch r.State {
	case task.Succeeded:
		if r.Degraded {
			return apart
		}
		return kept
	case task.Expired:
		return broken
	case task.Failed:
		if r.Failure == nil {
			return broken
		}
		switch fault.ParseKind(r.Failure.Kind) {
		case fault.Invalid, fault.Unprocessable, fault.TooLarge, fault.Unsupported:
			return apart
		}
		return broken
	}
	return apart
}
