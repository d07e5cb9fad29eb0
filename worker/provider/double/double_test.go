package double

import (
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
)

func TestAMedianAloneTakesTheTailAlong(t *testing.T) {
	t.Parallel()
	k, err := ParseKnobs("median=10ms", Knobs{Median: 3 * time.Second, P95: 9 * time.Second})
	if err != nil || k.P95 != 30*time.Millisecond {
		t.Errorf("p95 = %v, err = %v", k.P95, err)
	}
}

func TestKnobsAreReadAndAllTheirFaultsTold(t *testing.T) {
	t.Parallel()
	k, err := ParseKnobs("median=4s&p95=9s&rate=0.05&hang=0.01&job.content=0.02&poll.reset=0.1&slots=3&side=512&seed=7&slow=1s&queue=2s&expires=1h&cancel.reset=0.2", Knobs{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []Chance{{Submit, "rate", .05}, {Submit, Hang, .01}, {Job, "content", .02}, {Poll, Reset, .1}, {Cancel, Reset, .2}} {
		if !slices.Contains(k.Chances, want) {
			t.Errorf("no %+v in %+v", want, k.Chances)
		}
	}
	if k.Median != 4*time.Second || k.P95 != 9*time.Second || k.Slots != 3 || k.Side != 512 || k.Seed != 7 || k.Expires != time.Hour || k.Slow != time.Second || k.Queue != 2*time.Second {
		t.Errorf("got %+v", k)
	}
	_, err = ParseKnobs("median=x&rate=2&teapot=1&job.teapot=1&job.hang=1&later.rate=1&slots=many&hang=NaN", Knobs{})
	for _, want := range []string{"median:", "rate:", "teapot:", "job.teapot:", "job.hang:", "later.rate:", "slots:", "hang:"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %s in %v", want, err)
		}
	}
}

func FuzzParseKnobs(f *testing.F) {
	f.Add("median=4s&rate=0.05")
	f.Fuzz(func(t *testing.T, q string) {
		k, err := ParseKnobs(q, Knobs{})
		if err != nil {
			return
		}
		for _, c := range k.Chances {
			if !(c.Share >= 0 && c.Share <= 1) {
				t.Errorf("%q: %+v", q, c)
			}
		}
	})
}

func TestLatenciesHaveTheMedianAndTheTailThatWereAsked(t *testing.T) {
	t.Parallel()
	k := Knobs{Median: 10 * time.Second, P95: 25 * time.Second}
	dice := rand.New(rand.NewPCG(1, 1))
	all := make([]time.Duration, 20_000)
	for i := range all {
		all[i] = k.latency(dice)
	}
	slices.Sort(all)
	near := func(got, want time.Duration) bool { return got > want*95/100 && got < want*105/100 }
	if p50, p95 := all[len(all)/2], all[len(all)*95/100]; !near(p50, k.Median) || !near(p95, k.P95) {
		t.Errorf("median %v, p95 %v", p50, p95)
	}
	if (Knobs{Median: time.Second}).latency(dice) != time.Second || (Knobs{}).latency(dice) != 0 {
		t.Error("without a tail every call takes the median")
	}
}

func TestFaultsComeAsOftenAsAsked(t *testing.T) {
	t.Parallel()
	k := Knobs{Chances: []Chance{{Submit, "rate", .1}, {Submit, Hang, .02}, {Poll, Reset, 1}}}
	dice, n := rand.New(rand.NewPCG(2, 2)), map[Fault]int{}
	for range 20_000 {
		n[k.draw(Submit, dice)]++
	}
	if n["rate"] < 1800 || n["rate"] > 2200 || n[Hang] < 320 || n[Hang] > 480 || n[Reset] > 0 {
		t.Errorf("in 20000 calls %v", n)
	}
}

// play is a vendor of one route, whose jobs are told by their name.
func play(t *testing.T, k Knobs) (*Double, *httptest.Server) {
	t.Helper()
	d := New(k, func(c task.Class) Reply { return Reply{Status: http.StatusTeapot, Doc: c} })
	d.Handle("POST /jobs", Submit, func(c *Call) Reply {
		if string(c.Body) == "bad" {
			c.Violation("it is %s", c.Body)
			return Reply{Status: http.StatusBadRequest}
		}
		if r, no := c.Refusal(); no {
			return r
		}
		return Reply{Status: http.StatusOK, Doc: c.Start("j", nil).ID}
	})
	d.Handle("POST /jobs/{id}/cancel", Cancel, func(c *Call) Reply {
		if c.Cancel(c.PathValue("id")) {
			return Reply{Status: http.StatusOK}
		}
		return Reply{Status: http.StatusConflict}
	})
	d.Handle("POST /calls", Submit, func(c *Call) Reply {
		if r, no := c.Refusal(); no {
			return r
		}
		if r, no := c.Work(); no {
			return r
		}
		return Reply{Status: http.StatusOK, Doc: c.Result(PNG, 64, 32, time.Hour)}
	})
	s := httptest.NewServer(d)
	t.Cleanup(s.Close)
	return d, s
}

func post(t *testing.T, url, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	b, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b)
}

func TestAVendorIsPlayedAtItsBasePathAndAtTheRoot(t *testing.T) {
	t.Parallel()
	d := New(Knobs{}, func(c task.Class) Reply { return Reply{Status: http.StatusTeapot, Doc: c} })
	d.Below("/api/v3")
	d.Handle("POST /api/v3/draw", Submit, func(c *Call) Reply { return Reply{Status: http.StatusOK, Doc: c.URL.Path} })
	s := httptest.NewServer(d.Rooted())
	t.Cleanup(s.Close)
	for path, want := range map[string]int{"/api/v3/draw": http.StatusOK, "/draw": http.StatusOK, "/paint": http.StatusNotFound, "/v3/draw": http.StatusNotFound} {
		if got, said := post(t, s.URL+path, ""); got != want || got == http.StatusOK && said != `"/api/v3/draw"` {
			t.Errorf("%s: %d %s, want %d", path, got, said, want)
		}
	}
}

func TestTheBooksCountWhatAVendorWouldBill(t *testing.T) {
	t.Parallel()
	d, s := play(t, Knobs{})
	_, _ = post(t, s.URL+"/jobs", "")
	_, _ = post(t, s.URL+"/calls", "")
	_, _ = post(t, s.URL+"/jobs", "bad")
	d.Set(Always(Submit, Fault(task.ClassQuota)))
	_, _ = post(t, s.URL+"/jobs", "")
	d.Set(Always(Submit, Reset)) // the vendor worked, and only the answer is lost
	if status, _ := post(t, s.URL+"/calls", ""); status != 0 {
		t.Errorf("a reset connection answered %d", status)
	}
	d.Set(Always(Job, Fault(task.ClassContent)))
	_, _ = post(t, s.URL+"/jobs", "")
	d.Set(Knobs{Median: time.Hour})
	_, _ = post(t, s.URL+"/jobs", "")
	want := Books{Submissions: 6, Refused: 1, Billed: 3, Violations: []string{"POST /jobs: it is bad"}}
	if got := d.Books(); got.Submissions != want.Submissions || got.Refused != want.Refused || got.Billed != want.Billed || !slices.Equal(got.Violations, want.Violations) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestOnlyAJobThatWaitsIsTakenBack(t *testing.T) {
	t.Parallel()
	d, s := play(t, Knobs{Slots: 1, Queue: time.Hour})
	_, _ = post(t, s.URL+"/jobs", "")
	for _, want := range []int{http.StatusOK, http.StatusConflict} { // and only once
		if got, _ := post(t, s.URL+"/jobs/j1/cancel", ""); got != want {
			t.Errorf("the cancel answered %d, want %d", got, want)
		}
	}
	d.Set(Knobs{Slots: 1})
	if got, said := post(t, s.URL+"/jobs", ""); got != http.StatusOK {
		t.Errorf("a job that was taken back holds its slot: %s", said)
	}
	for _, id := range []string{"j2", "nobody's"} {
		if got, _ := post(t, s.URL+"/jobs/"+id+"/cancel", ""); got != http.StatusConflict {
			t.Errorf("the cancel of %s answered %d", id, got)
		}
	}
	if b := d.Books(); b.Submissions != 2 || b.Canceled != 1 || b.Billed != 1 {
		t.Errorf("the books say %+v", b)
	}
}

func TestAVendorWithoutAFreeSlotSaysRate(t *testing.T) {
	t.Parallel()
	d, s := play(t, Knobs{Slots: 1, Median: time.Hour})
	first, _ := post(t, s.URL+"/jobs", "")
	second, said := post(t, s.URL+"/jobs", "")
	if first != http.StatusOK || second != http.StatusTeapot || said != `"rate"` {
		t.Errorf("%d, then %d %s", first, second, said)
	}
	if b := d.Books(); b.Submissions != 2 || b.Refused != 1 || b.Billed != 0 {
		t.Errorf("the books say %+v", b)
	}
}
