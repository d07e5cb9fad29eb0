package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// vendorBooks is what a simulated vendor counted.
type vendorBooks struct {
	Submissions, Refused, Billed, Canceled, Downloads int
	Violations                                        []string
}

var booksAt = regexp.MustCompile(`Books: (http://127\.0\.0\.1:\d+/books)`)

// books reads what all simulated vendors counted.
func (d *dev) books(t *testing.T) map[string]vendorBooks {
	t.Helper()
	var m []string
	if err := within(startPatience, func() error { // the hint follows the ready line
		if m = booksAt.FindStringSubmatch(d.log.String()); m == nil {
			return io.ErrUnexpectedEOF
		}
		return nil
	}); err != nil {
		t.Fatal("nobody says where the books are")
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, m[1], http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := new(http.Client).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var doc struct{ Vendors map[string]vendorBooks }
	if err := json.NewDecoder(resp.Body).Decode(&doc); err != nil {
		t.Fatal(err)
	}
	return doc.Vendors
}

// discreet looks for secrets in what all processes have logged: the keys that
// dev makes for simulated vendors begin alike, and so do the doubles' URLs of
// results end.
func (d *dev) discreet(t *testing.T) {
	t.Helper()
	for line := range strings.Lines(d.log.String()) {
		if strings.Contains(line, "simulated-") || strings.Contains(line, "result-url-secret") {
			t.Errorf("a secret is in the log: %s", line)
		}
	}
}

// attempts are those of a task, as operators see them.
func (d *dev) attempts(t *testing.T, id task.ID) []task.Attempt {
	t.Helper()
	return read[operator.Task](t, d.must(t, "task", "get", string(id), "-o", "json")).Attempts
}

// simulated are the vendors of the test: every kind, and both ways to speak to
// those that have two.
func simulated() map[string]string {
	all := map[string]string{
		"seedream": "seedream", "qianfan": "qianfan", "hunyuan": "hunyuan", "tokenhub": "hunyuan?name=tokenhub&model=hy-image-v3",
		"openai": "openai?model=gpt-image-1", "maas": "openai?name=maas&model=qwen_image_edit&dialect=maas",
		"siliconflow": "openai?name=siliconflow&model=Qwen/Qwen-Image-Edit-2509&dialect=siliconflow",
		"dashscope":   "dashscope", "qwen": "dashscope?name=qwen&model=qwen-image-edit-plus",
	}
	maps.DeleteFunc(all, func(_, v string) bool { kind, _, _ := strings.Cut(v, "?"); return !rig.Drives(kind) })
	return all
}

func TestAPictureComesFromEverySimulatedVendor(t *testing.T) {
	t.Parallel()
	args := []string{"--config", config(t, "picture=copy", nil)}
	for _, v := range simulated() {
		query := "?"
		if strings.Contains(v, "?") {
			query = "&"
		}
		args = append(args, "--simulate", v+query+"median=20ms&side=640")
	}
	d := start(t, t.TempDir(), args...)
	for name := range simulated() {
		d.must(t, "provider", "weight", name, "0", "--yes")
	}
	p := newPerson(t, d, 1)
	seed := int64(0)
	for name := range simulated() {
		d.must(t, "provider", "weight", name, "100", "--yes")
		seed++
		made := p.submit(t, seed)
		doc := p.finish(t, made.TaskID)
		d.must(t, "provider", "weight", name, "0", "--yes")
		if doc.State != task.Succeeded || doc.Degraded {
			t.Errorf("%s: task = %+v", name, doc)
			continue
		}
		decode(t, p.fetch(t, doc.Result.ImageURL))
		if got := d.attempts(t, made.TaskID); len(got) != 1 || got[0].Provider != name || got[0].Outcome != task.OK {
			t.Errorf("%s: attempts = %+v", name, got)
		}
	}
	books := d.books(t)
	if len(books) != len(simulated()) {
		t.Errorf("books of %d vendors", len(books))
	}
	for name, b := range books {
		if b.Submissions != 1 || b.Billed != 1 || b.Refused != 0 || len(b.Violations) != 0 {
			t.Errorf("%s counted %+v, want the one picture that was made", name, b)
		}
	}
	d.discreet(t)
}

func TestFaultsOfASimulatedVendorAreNotPaidFor(t *testing.T) {
	t.Parallel()
	d := start(t, t.TempDir(), "--config", config(t, "picture=copy", nil),
		"--simulate", "seedream?median=20ms&side=320&rate=0.3&transient=0.2&seed=3,qianfan?median=20ms&side=320&weight=0,dashscope?auth=1")
	p := newPerson(t, d, 2)
	const wishes = 12
	var made []task.ID
	for seed := range int64(wishes) {
		made = append(made, p.submit(t, seed).TaskID)
	}
	attempts := map[string]map[task.Outcome]int{"seedream": {}, "qianfan": {}, "dashscope": {}}
	for _, id := range made {
		if doc := p.finish(t, id); doc.State != task.Succeeded || doc.Degraded {
			t.Errorf("task = %+v", doc)
		}
		for _, a := range d.attempts(t, id) {
			attempts[a.Provider][a.Outcome]++
		}
	}
	for name, b := range d.books(t) {
		ours := attempts[name]
		asked := 0
		for outcome, n := range ours {
			if outcome != task.NotSent {
				asked += n
			}
		}
		if b.Submissions != asked || b.Billed != ours[task.OK] || len(b.Violations) != 0 {
			t.Errorf("%s counted %+v, the fleet %v", name, b, ours)
		}
	}
	t.Logf("attempts by outcome: %v", attempts)
	if attempts["seedream"][task.OK]+attempts["qianfan"][task.OK] != wishes || attempts["seedream"][task.Rejected] == 0 || attempts["dashscope"][task.Rejected] == 0 {
		t.Errorf("attempts = %v, want %d pictures and some refusals", attempts, wishes)
	}
	d.discreet(t)
}

// TestACancelCostsNothingWhereTheVendorTakesItBack cancels a job that waits at
// its vendor and one that is begun: the vendor bills the second only, and so
// do we.
func TestACancelCostsNothingWhereTheVendorTakesItBack(t *testing.T) {
	t.Parallel()
	d := start(t, t.TempDir(), "--config", config(t, "picture=copy", nil),
		"--simulate", "dashscope?name=waits&queue=10m&priceFen=20,dashscope?name=works&median=10m&priceFen=20&weight=0")
	p := newPerson(t, d, 1)
	cancel := func(vendor string, seed int64) task.Attempt {
		id := p.submit(t, seed).TaskID
		if err := within(taskPatience, func() error {
			if got := d.attempts(t, id); len(got) == 0 || got[0].VendorTask == "" {
				return fmt.Errorf("attempts = %+v", got)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Cancel(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if doc := p.finish(t, id); doc.State != task.Canceled {
			t.Errorf("%s: the task ended as %s", vendor, doc.State)
		}
		got := d.attempts(t, id)
		if len(got) != 1 || got[0].Provider != vendor || got[0].Class != task.ClassCanceled {
			t.Fatalf("%s: attempts = %+v", vendor, got)
		}
		return got[0]
	}
	if a := cancel("waits", 1); a.Outcome != task.FailedUnbilled || a.PriceFen != 0 {
		t.Errorf("a job that was taken back is booked as %s for %d fen", a.Outcome, a.PriceFen)
	}
	d.must(t, "provider", "weight", "works", "100", "--yes")
	d.must(t, "provider", "weight", "waits", "0", "--yes")
	if a := cancel("works", 2); a.Outcome != task.Unknown || a.PriceFen != 20 {
		t.Errorf("a job that went on is booked as %s for %d fen", a.Outcome, a.PriceFen)
	}
	books := d.books(t)
	if b := books["waits"]; b.Submissions != 1 || b.Canceled != 1 || len(b.Violations) != 0 {
		t.Errorf("waits counted %+v", b)
	}
	if b := books["works"]; b.Submissions != 1 || b.Canceled != 0 || len(b.Violations) != 0 {
		t.Errorf("works counted %+v", b)
	}
}
