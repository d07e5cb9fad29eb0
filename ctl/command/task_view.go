package command

import (
	"cmp"
	"fmt"
	"strconv"
	"time"

	"github.com/imgfleet/imgfleet/ctl/app"
	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func tasksView(ts []operator.Task, now time.Time) terminal.View {
	return app.ListView(ts, terminal.Table{
		Columns: []terminal.Column{
			{Name: "task"}, {Name: "state"}, {Name: "progress", Right: true},
			{Name: "attempts", Right: true}, {Name: "age", Right: true}, {Name: "took", Right: true},
			{Name: "why", Least: 8}, {Name: "style", Wide: true}, {Name: "place", Wide: true}, {Name: "session", Wide: true}, {Name: "stage", Wide: true}, {Name: "provider", Wide: true}, {Name: "failure", Wide: true},
		},
		Empty: "No tasks.",
	}, func(t operator.Task) []string {
		return []string{
			string(t.TaskID), stateText(t), strconv.Itoa(t.Progress) + "%", strconv.Itoa(len(t.Attempts)),
			age(now.Sub(t.CreatedAt)), took(t, now), why(t), t.Style, t.Place, string(t.Session), t.Stage, lastProvider(t), failureText(t.Failure),
		}
	})
}

// why is for what a task waits, or why it failed.
func why(t operator.Task) string {
	if t.WaitsFor != nil {
		return "waits: " + t.WaitsFor.For
	}
	return failureText(t.Failure)
}

// stateText adds to the state what makes a success less than one.
func stateText(t operator.Task) string {
	s := string(t.State)
	switch {
	case t.Cached:
		s += " (cached)"
	case t.Degraded:
		s += " (degraded)"
	case t.Canceling && !t.State.Terminal():
		s += " (canceling)"
	}
	return s
}

// took is how long the task has been worked on.
func took(t operator.Task, now time.Time) string {
	switch {
	case t.StartedAt == nil:
		return "–"
	case t.FinishedAt == nil:
		return age(now.Sub(*t.StartedAt))
	default:
		return age(t.FinishedAt.Sub(*t.StartedAt))
	}
}

func lastProvider(t operator.Task) string {
	if n := len(t.Attempts); n > 0 {
		return t.Attempts[n-1].Provider
	}
	return ""
}

func failureText(f *task.Failure) string {
	if f == nil {
		return ""
	}
	return string(f.Code)
}

func taskView(t operator.Task, now time.Time) terminal.View {
	rows := [][]string{
		{"task", string(t.TaskID)}, {"session", string(t.Session)}, {"request", t.RequestID}, {"state", stateText(t)},
		{"progress", fmt.Sprintf("%d%% (%s)", t.Progress, t.Stage)}, {"version", strconv.FormatUint(t.Version, 10)},
	}
	if t.Queue != nil {
		rows = append(rows, []string{"queue", queueText(*t.Queue)})
	}
	if t.WaitsFor != nil {
		rows = append(rows, []string{"waits for", waitText(*t.WaitsFor)})
	}
	if t.Failure != nil {
		rows = append(rows, []string{"failure", fmt.Sprintf("%s (%s)", t.Failure.Code, t.Failure.Kind)})
	}
	rows = append(rows,
		[]string{"style, place", t.Style + ", " + t.Place}, []string{"seed", strconv.FormatInt(t.Seed, 10)},
		[]string{"created", app.Clock(t.CreatedAt)}, []string{"took", took(t, now)}, []string{"of it", timingText(t.Timing)}, []string{"expires", app.Clock(t.ExpiresAt)},
	)
	if t.Arm != nil {
		rows = append(rows, []string{"experiment", t.Arm.Experiment + ", arm " + t.Arm.Name})
	}
	if r := t.Result; r != nil {
		rows = append(rows, []string{"result", fmt.Sprintf("%d×%d %s, %s", r.Width, r.Height, r.ContentType, bytesText(r.Bytes))})
	}
	return terminal.View{
		Doc: t, Names: []string{string(t.TaskID)},
		Table: terminal.Table{Columns: []terminal.Column{{Name: "field"}, {Name: "value", Least: 20, Wrap: true}}, Rows: rows},
		More:  []terminal.Table{attemptsTable(t.Attempts, now), wordsTable(t.Attempts)},
	}
}

func attemptsTable(as []task.Attempt, now time.Time) terminal.Table {
	t := terminal.Table{Columns: []terminal.Column{
		{Name: "attempt", Right: true}, {Name: "provider"}, {Name: "region"}, {Name: "worker", Least: 8}, {Name: "outcome"}, {Name: "class"},
		{Name: "code", Least: 8}, {Name: "took", Right: true}, {Name: "price", Right: true}, {Name: "model", Wide: true}, {Name: "vendor task", Wide: true}, {Name: "vendor request", Wide: true}, {Name: "address", Wide: true},
	}}
	for _, a := range as {
		end := now
		if a.EndedAt != nil {
			end = *a.EndedAt
		}
		t.Rows = append(t.Rows, []string{
			strconv.Itoa(a.Number), a.Provider, a.Region, a.Worker, cmp.Or(string(a.Outcome), "running"), string(a.Class), a.Code,
			age(end.Sub(a.StartedAt)), strconv.FormatInt(a.PriceFen, 10) + " fen", a.Model, a.VendorTask, a.RequestID, a.Address,
		})
	}
	return t
}

// wordsTable has what vendors said of attempts that failed, whole.
func wordsTable(as []task.Attempt) terminal.Table {
	t := terminal.Table{Columns: []terminal.Column{{Name: "attempt", Right: true}, {Name: "code", Least: 12, Wrap: true}, {Name: "words", Least: 24, Wrap: true}}}
	for _, a := range as {
		if a.Message != "" {
			t.Rows = append(t.Rows, []string{strconv.Itoa(a.Number), a.Code, a.Message})
		}
	}
	return t
}

func waitText(w operator.Wait) string {
	text := w.For
	if w.Until != nil {
		text += " until " + moment(*w.Until)
	}
	return text + ": " + w.Message
}

// timingText says where the time of a task went.
func timingText(t operator.Timing) string {
	return fmt.Sprintf("%.1f s waiting, %.1f s at vendors, %.1f s ours", t.WaitSeconds, t.VendorSeconds, t.OursSeconds)
}

func queueText(p task.Position) string {
	return fmt.Sprintf("place %d, done in about %s (90%%: %s)", p.Position, seconds(p.P50), seconds(p.P90))
}

func seconds(s float64) string { return age(time.Duration(s * float64(time.Second))) }
