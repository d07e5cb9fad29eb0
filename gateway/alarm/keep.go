package alarm

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/imgfleet/imgfleet/pkg/tick"
)

// A gateway that starts finds out by and by what is wrong. For so long an alarm
// that stood before counts as the same.
const sameFor = time.Minute

// kept is an alarm as it is kept: what it says is found out anew.
type kept struct {
	Name    Name      `json:"name"`
	Subject string    `json:"subject,omitempty"`
	Since   time.Time `json:"since"`
}

// Keep keeps the alarms that stand in a file, so that one that stands through a
// restart has stood since it began. What cannot be read is as good as nothing.
// It is called before the first Raise; Run writes the file.
func (b *Board) Keep(path string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.path = path
	data, err := os.ReadFile(path)
	var all []kept
	if err != nil || json.Unmarshal(data, &all) != nil {
		return
	}
	b.before, b.until = make(map[key]Alarm, len(all)), time.Now().Add(sameFor)
	for _, k := range all {
		if k.Since.Before(time.Now()) {
			b.before[key{k.Name, k.Subject}] = Alarm{Name: k.Name, Subject: k.Subject, Since: k.Since}
		}
	}
}

// Before are the alarms that stood when this gateway ended last.
func (b *Board) Before() []Alarm {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []Alarm
	for _, a := range b.before {
		all = append(all, a)
	}
	return all
}

// onset is since when an alarm that is raised now has stood.
func (b *Board) onset(k key) time.Time {
	now := time.Now()
	if a, stood := b.before[k]; stood && now.Before(b.until) {
		return a.Since
	}
	return now
}

// Run writes down what stands whenever that changes, until ctx ends. A disk that
// takes nothing is told by an alarm of its own.
func (b *Board) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-b.news:
		}
		_ = b.write()
		if !tick.Wait(ctx, time.Second) { // one that comes and goes is not written each time
			_ = b.write()
			return context.Cause(ctx)
		}
	}
}

// write replaces the file. For a while after the start it also holds what stood
// before: a gateway that ends again at once forgets nothing.
func (b *Board) write() error {
	all := []kept{}
	for _, a := range b.Standing() {
		all = append(all, kept{a.Name, a.Subject, a.Since})
	}
	b.mu.Lock()
	path, recent := b.path, time.Now().Before(b.until)
	b.mu.Unlock()
	if path == "" {
		return nil
	}
	if recent {
		for _, a := range b.Before() {
			if !slices.ContainsFunc(all, func(k kept) bool { return k.Name == a.Name && k.Subject == a.Subject }) {
				all = append(all, kept{a.Name, a.Subject, a.Since})
			}
		}
	}
	data, err := json.Marshal(all)
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".alarms-*")
	if err != nil {
		return err
	}
	_, err = temp.Write(data)
	if closed := temp.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		_ = os.Remove(temp.Name())
	}
	return err
}
