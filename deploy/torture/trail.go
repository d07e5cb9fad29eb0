package main

import (
	"fmt"

	"github.com/bytedance/sonic"

	"github.com/imgfleet/imgfleet/pkg/client"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// trail is what a client has seen of one task over all its connections. It
// checks what may come next.
type trail struct {
	last     uint64 // id of the last event
	state    task.State
	progress int
	events   int
	terminal string // name of the terminal event, "" before it

	first bool // nothing came over this connection yet
	echo  bool // the terminal event may repeat the snapshot's id
}

// verdict is a fault of one event.
type verdict struct {
	kind kind
	n    int
	text string
}

// connect begins another connection, which resumes after t.last.
func (t *trail) connect() { t.first, t.echo = true, false }

// see checks one event and adds it.
func (t *trail) see(e client.Event) (faults []verdict) {
	say := func(k kind, n int, format string, args ...any) {
		faults = append(faults, verdict{k, n, fmt.Sprintf(format, args...)})
	}
	fresh := t.first && t.last == 0
	defer func() { t.first = false }()
	t.events++
	v := e.Version()
	if v == 0 {
		say(illegal, 1, "event %q has the id %q", e.Name, e.ID)
		return faults
	}
	if t.terminal != "" && !t.echo {
		say(finishedTwice, 1, "event %d %s after the end (%s)", v, e.Name, t.terminal)
	}
	switch {
	case e.Name == "snapshot" && !t.first:
		say(illegal, 1, "snapshot %d in the middle of a stream", v)
	case e.Name == "snapshot" && fresh:
	case fresh:
		say(illegal, 1, "a fresh stream begins with %q", e.Name)
	case t.echo && v == t.last && e.Terminal():
	case v <= t.last:
		say(eventRepeated, 1, "event %d %s after %d", v, e.Name, t.last)
	case e.Name == "snapshot":
		say(eventMissing, int(v-t.last), "a resume after %d was answered with snapshot %d", t.last, v)
	case v > t.last+1:
		say(eventMissing, int(v-t.last-1), "event %d %s after %d", v, e.Name, t.last)
	}
	t.last = max(t.last, v)
	t.echo = false
	for _, text := range t.take(e, v) {
		say(illegal, 1, "%s", text)
	}
	return faults
}

// body is what of an event's data matters here.
type body struct {
	State    task.State `json:"state"`
	Version  uint64     `json:"version"`
	Progress *int       `json:"progress"`
	Result   *struct {
		ImageURL string `json:"imageUrl"`
	} `json:"result"`
}

// take adds the content and returns what is wrong with it.
func (t *trail) take(e client.Event, v uint64) (wrong []string) {
	var b body
	if err := sonic.Unmarshal(e.Data, &b); err != nil {
		return []string{fmt.Sprintf("event %d %s is no JSON: %v", v, e.Name, err)}
	}
	state := t.state
	switch e.Name {
	case "snapshot":
		state, t.echo = b.State, b.State.Terminal()
	case "queued":
		state = task.Queued
	case "progress", "degraded":
		state = task.Running
	case "succeeded", "failed", "canceled", "expired":
		state, t.terminal = task.State(e.Name), e.Name
	default:
		wrong = append(wrong, fmt.Sprintf("event %d has the name %q", v, e.Name))
	}
	if !step(t.state, state) {
		wrong = append(wrong, fmt.Sprintf("event %d %s steps from %s to %s", v, e.Name, t.state, state))
	}
	t.state = state
	if b.Progress != nil {
		if *b.Progress < t.progress {
			wrong = append(wrong, fmt.Sprintf("event %d %s: progress fell from %d to %d", v, e.Name, t.progress, *b.Progress))
		}
		if *b.Progress == 100 && state != task.Succeeded {
			wrong = append(wrong, fmt.Sprintf("event %d %s: progress 100 without success", v, e.Name))
		}
		t.progress = *b.Progress
	}
	whole := e.Name == "snapshot" || e.Name == "succeeded"
	if whole && b.Version != v {
		wrong = append(wrong, fmt.Sprintf("event %d %s carries the document of version %d", v, e.Name, b.Version))
	}
	if e.Name == "succeeded" && (t.progress != 100 || b.Result == nil || b.Result.ImageURL == "") {
		wrong = append(wrong, fmt.Sprintf("event %d succeeded without a picture", v))
	}
	return wrong
}

// rest notes a 204, which says that no event follows. It reports whether that
// is right: after the terminal event, or after a snapshot of a finished task,
// which has the same id and was cut off before that event.
func (t *trail) rest() bool {
	if t.terminal == "" && t.state.Terminal() {
		t.terminal = string(t.state)
	}
	return t.terminal != ""
}

// step reports whether a client may see to after from.
func step(from, to task.State) bool {
	switch from {
	case "", to:
		return true
	case task.Queued:
		return true
	case task.Running:
		return to.Terminal()
	default:
		return false
	}
}
