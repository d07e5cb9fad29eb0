package experiment

import (
	"context"
	"encoding/json"
	"log/slog"
	"math"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func TestNoArmIsForgotten(t *testing.T) {
	t.Parallel()
	sum := 0.0
	for _, s := range Thompson([]string{"a", "b", "c"}, []Counts{shown(500, 1, time.Second, 1, 1), shown(500, 0, 0, 1, 0), shown(500, 0, 0, 1, 0)}) {
		sum += s.Weight
		if s.Weight < floor {
			t.Errorf("%s has %v, want at least the floor", s.Arm, s.Weight)
		}
	}
	if math.Abs(sum-1) > 1e-9 {
		t.Errorf("the shares sum to %v", sum)
	}
}

// model is what an arm is really like.
type model struct {
	success float64
	median  time.Duration
	fen     int64
	like    float64 // of the tenth that is rated
}

func (m model) play(r *rand.Rand) Counts {
	if r.Float64() >= m.success {
		return Failure(m.fen)
	}
	c := Picture(time.Duration(float64(m.median)*math.Exp(0.4*r.NormFloat64())), m.fen)
	if r.Float64() < 0.1 {
		c.Rated = 1
		if r.Float64() < m.like {
			c.Liked = 1
		}
	}
	return c
}

// simulated is what came of one run of 1,000 tasks.
type simulated struct {
	all, late float64 // share of the best arm: of all tasks, of the last 200
	moved     float64 // share of tasks whose session had another arm before
}

// simulate sends 1,000 tasks of sessions of about three tasks each. Shares
// are computed anew every 20 tasks and know only tasks that ended 40 ago. The
// first model is the best.
func simulate(seed uint64, models []model) (out simulated) {
	const tasks, every, lag = 1000, 20, 40
	r := rand.New(rand.NewPCG(seed, 1))
	names := []string{"best", "b", "c", "d"}[:len(models)]
	counts := make([]Counts, len(models))
	had := make(map[task.SessionID]string)
	var shares []Share
	var flight []func()
	for i := range tasks {
		if i%every == 0 {
			shares = Thompson(names, counts)
		}
		who := session(int(seed)*tasks + max(0, i/3-r.IntN(10)))
		name := Assign("sky", who, shares)
		if before, ok := had[who]; ok && before != name {
			out.moved += 1.0 / tasks
		}
		had[who] = name
		if name == names[0] {
			out.all += 1.0 / tasks
			if i >= tasks-200 {
				out.late += 1.0 / 200
			}
		}
		arm := slices.Index(names, name)
		shown := models[arm].play(r)
		if flight = append(flight, func() { counts[arm].Add(shown) }); len(flight) > lag {
			flight[0]()
			flight = flight[1:]
		}
	}
	return out
}

// The best arm has four fifths of the traffic by the thousandth task, and of
// all thousand where it is clearly the best.
func TestTheBestArmGetsMostOfTheTrafficWithinAThousandTasks(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a simulation in which nothing can race")
	}
	const seeds = 20
	for name, c := range map[string]struct {
		models    []model
		all, late int // least runs of the twenty in which it has four fifths
	}{
		"two arms, one fails more": {[]model{{0.98, 8 * time.Second, 14, 0.8}, {0.75, 8 * time.Second, 14, 0.8}}, seeds, seeds},
		"three arms, better in all": {[]model{
			{0.98, 6 * time.Second, 14, 0.8}, {0.85, 12 * time.Second, 20, 0.6}, {0.70, 20 * time.Second, 20, 0.5},
		}, seeds, seeds},
		"twice as fast":            {[]model{{0.98, 6 * time.Second, 14, 0.8}, {0.98, 12 * time.Second, 14, 0.8}}, 14, 18},
		"liked 9 and 3 of 10":      {[]model{{0.98, 8 * time.Second, 14, 0.9}, {0.98, 8 * time.Second, 14, 0.3}}, 14, 18},
		"98 and 93 of 100 succeed": {[]model{{0.98, 8 * time.Second, 14, 0.8}, {0.93, 8 * time.Second, 14, 0.8}}, 14, 18},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all, late := make([]float64, seeds), make([]float64, seeds)
			moved := 0.0
			for seed := range uint64(seeds) {
				got := simulate(seed, c.models)
				all[seed], late[seed], moved = got.all, got.late, moved+got.moved/seeds
			}
			reached := func(shares []float64) (n int) {
				for _, s := range shares {
					if s >= 0.8 {
						n++
					}
				}
				return n
			}
			slices.Sort(all)
			slices.Sort(late)
			t.Logf("of all tasks %.2f…%.2f…%.2f (%d runs), of the last 200 %.2f…%.2f…%.2f (%d runs), %.3f moved",
				all[0], all[seeds/2], all[seeds-1], reached(all), late[0], late[seeds/2], late[seeds-1], reached(late), moved)
			if reached(all) < c.all || reached(late) < c.late {
				t.Errorf("four fifths of all tasks in %d runs and of the last 200 in %d, want %d and %d", reached(all), reached(late), c.all, c.late)
			}
		})
	}
}

func thompsonSky() (string, policy.Experiment) {
	name, e, _ := sky(func(e *policy.Experiment) {
		e.Split, e.Arms[1].Weight = operator.SplitThompson, 1
	}).Experiment()
	return e.Book(name), e
}

func TestGatewaysLearnFromEachOther(t *testing.T) {
	t.Parallel()
	e := opened(t)
	one, _ := desk(t, e)
	two, stop := desk(t, e)
	book, exp := thompsonSky()
	if s := two.Shares(book, exp); math.Abs(s[0].Weight-0.5) > 0.06 {
		t.Errorf("nothing is known, and the shares are %v", s)
	}
	arm := task.Arm{Experiment: "sky", Name: "b", Provider: "qianfan", Book: book}
	if err := one.Post(t.Context(), arm, "1", shown(200, 1, time.Second, 1, 1)); err != nil {
		t.Fatal(err)
	}
	arm.Name = "a"
	if err := one.Post(t.Context(), arm, "2", shown(200, 0.5, time.Second, 1, 1)); err != nil {
		t.Fatal(err)
	}
	learned := func(d *Desk) bool { s := d.Shares(book, exp); return s[1].Weight > 0.97 && s[0].Weight >= floor }
	for _, d := range []*Desk{one, two} {
		for end := time.Now().Add(10 * time.Second); !learned(d); {
			if time.Now().After(end) {
				t.Fatalf("a gateway never learned: %v", d.Shares(book, exp))
			}
			time.Sleep(time.Millisecond) //nolint:forbidigo // the mirror announces nothing
		}
	}
	if a, b := one.Shares(book, exp), two.Shares(book, exp); !slices.Equal(a, b) {
		t.Errorf("two gateways divide the sessions by %v and by %v", a, b)
	}
	stop()
	again, err := Open(t.Context(), e, slog.New(slog.DiscardHandler))
	if err != nil || !learned(again) { // before it has heard of anything
		t.Errorf("a gateway that begins divides by %v, %v", again.Shares(book, exp), err)
	}
}

func TestSharesRestForASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := divisions{}
		var written atomic.Pointer[[]byte]
		written.Store(new([]byte))
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go d.learn(ctx, func(context.Context, string) ([]byte, bool, error) { return *written.Load(), true, nil })
		book, exp := thompsonSky()
		shares := func() []Share { return d.shares(book, exp, func() []byte { return nil }) }
		before := shares()
		b, err := json.Marshal(map[string]any{"arms": map[string]Counts{"a": shown(200, 0.5, time.Second, 1, 1), "b": shown(200, 1, time.Second, 1, 1)}})
		if err != nil {
			t.Fatal(err)
		}
		written.Store(&b)
		synctest.Wait()
		if !slices.Equal(before, shares()) {
			t.Error("they changed at once")
		}
		time.Sleep(learnEvery) //nolint:forbidigo // no time passes in a bubble
		synctest.Wait()
		if s := shares(); s[1].Weight < 0.9 {
			t.Errorf("a second later they are %v", s)
		}
	})
}
