package task

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func states() []State { return []State{Queued, Running, Succeeded, Failed, Canceled, Expired} }

func TestTheDiagramTellsExactlyTheLegalSteps(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var drawn, legal []string
	for _, m := range regexp.MustCompile(`(?m)^    (\S+) --> (\S+)$`).FindAllSubmatch(readme, -1) {
		drawn = append(drawn, fmt.Sprintf("%s → %s", m[1], m[2]))
	}
	legal = append(legal, "[*] → "+string(Queued))
	for _, s := range states() {
		for _, n := range s.next() {
			legal = append(legal, fmt.Sprintf("%s → %s", s, n))
		}
		if s.Terminal() {
			legal = append(legal, string(s)+" → [*]")
		}
	}
	slices.Sort(drawn)
	slices.Sort(legal)
	if !slices.Equal(drawn, legal) {
		t.Errorf("README.md draws\n%s\nthe code knows\n%s", strings.Join(drawn, "\n"), strings.Join(legal, "\n"))
	}
}

func TestAnEndIsNeverLeft(t *testing.T) {
	t.Parallel()
	for _, s := range states() {
		if s.Terminal() != (len(s.next()) == 0) {
			t.Errorf("%s: terminal is %v, next is %v", s, s.Terminal(), s.next())
		}
		for _, to := range states() {
			r := &Record{ID: "t", State: s, Version: 7, Event: EventProgress}
			err := r.To(to, EventProgress)
			if legal := slices.Contains(s.next(), to); legal != (err == nil) {
				t.Errorf("%s → %s: err = %v", s, to, err)
			}
			if err != nil && (r.State != s || r.Version != 7 || r.Event != EventProgress) {
				t.Errorf("a refused step %s → %s left a mark: %+v", s, to, r)
			}
		}
	}
}

func TestAStateNobodyKnowsLeadsNowhere(t *testing.T) {
	t.Parallel()
	if err := (&Record{State: "painting"}).To(Succeeded, ""); err == nil {
		t.Error("an unknown state was left")
	}
	if err := (&Record{State: Queued}).To("painting", ""); err == nil {
		t.Error("an unknown state was entered")
	}
}

func TestAnEndNamesItsOwnEventAndLeavesTheQueue(t *testing.T) {
	t.Parallel()
	for _, s := range states() {
		if !s.Terminal() {
			continue
		}
		r := &Record{State: Queued, Version: 1, Queue: &Position{Position: 3}}
		if err := r.To(s, EventProgress); err != nil {
			t.Fatal(err)
		}
		if string(r.Event) != string(s) || r.Queue != nil || r.Version != 2 {
			t.Errorf("%s: event %s, queue %v, version %d", s, r.Event, r.Queue, r.Version)
		}
	}
}

func TestATombstoneTakesNoStep(t *testing.T) {
	t.Parallel()
	r := &Record{ID: "t", Session: "s", State: Running, Version: 4, Style: "ink-wash", PhotoKey: "secret"}
	dead := r.Tombstone()
	if !dead.Deleted || dead.Version != 5 || dead.Event != EventDeleted || dead.ID != "t" || dead.Session != "s" {
		t.Errorf("tombstone = %+v", dead)
	}
	if dead.Style != "" || dead.PhotoKey != "" || dead.State != "" {
		t.Errorf("the tombstone still tells: %+v", dead)
	}
	dead.State = Running
	if err := dead.To(Succeeded, ""); err == nil {
		t.Error("a deleted task was finished")
	}
}

// Whatever order steps are tried in, the version counts the legal ones and
// there is at most one end.
func TestAnyWalkEndsAtMostOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r, ends := &Record{State: Queued, Version: 1}, 0
		for i, s := range rapid.SliceOf(rapid.SampledFrom(states())).Draw(t, "steps") {
			before := r.Version
			switch err := r.To(s, EventProgress); {
			case err == nil && r.Version != before+1:
				t.Fatalf("step %d: version %d after %d", i, r.Version, before)
			case err != nil && r.Version != before:
				t.Fatalf("step %d: refused, yet version %d after %d", i, r.Version, before)
			case err == nil && s.Terminal():
				ends++
			}
		}
		if ends > 1 {
			t.Fatalf("%d ends", ends)
		}
	})
}
