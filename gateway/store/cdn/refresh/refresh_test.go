package refresh

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/store/cdn/cdntest"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/secret"
)

func configFor(s *cdntest.Server) Config {
	c := Defaults()
	c.AccessKey, c.SecretKey, c.DomainID, c.Endpoint = secret.New(cdntest.AccessKey), secret.New(cdntest.SecretKey), cdntest.DomainID, s.Endpoint
	return c
}

// clock is a time that the test moves.
type clock struct{ ahead time.Duration }

func (c *clock) now() time.Time { return time.Now().Add(c.ahead) }

func start(t *testing.T) (*Queue, *cdntest.Server, *clock) {
	t.Helper()
	s, c := cdntest.Start(t), new(clock)
	return reopen(t, s, newEngine(t), c), s, c
}

func newEngine(t *testing.T) *engine.Engine {
	t.Helper()
	e, err := engine.Open(t.Context(), engine.Config{Dir: t.TempDir(), Replicas: 1, Interval: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

func reopen(t *testing.T, s *cdntest.Server, e *engine.Engine, c *clock) *Queue {
	t.Helper()
	q, err := Open(t.Context(), configFor(s), Deps{Engine: e, Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func (q *Queue) add(t *testing.T, urls ...string) []string {
	t.Helper()
	held, err := q.Hold(t.Context(), urls)
	if err != nil {
		t.Fatal(err)
	}
	return held
}

func (q *Queue) mustSend(t *testing.T) {
	t.Helper()
	if err := q.Send(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func urls(from, to int) []string {
	var all []string
	for i := from; i < to; i++ {
		all = append(all, fmt.Sprintf("https://cdn.example.com/results/s/%04d.jpg", i))
	}
	return all
}

func TestAddressesAreSentOnceTheirObjectsAreGone(t *testing.T) {
	t.Parallel()
	q, s, _ := start(t)
	held := q.add(t, urls(0, 2)...)
	q.mustSend(t)
	if got := s.Tasks(); len(got) != 0 {
		t.Errorf("sent before the objects were gone: %v", got)
	}
	q.Release(t.Context(), held)
	q.mustSend(t)
	q.mustSend(t)
	if got := s.Tasks(); len(got) != 1 || !slices.Equal(got[0].URLs, urls(0, 2)) || got[0].Type != "file" {
		t.Errorf("taken %v, want both at once and only once", got)
	}
	q.Release(t.Context(), held) // late: nothing comes back
	q.mustSend(t)
	if got := s.Tasks(); len(got) != 1 {
		t.Errorf("taken %v", got)
	}
}

func TestAHolderThatWasKilledLosesNoAddress(t *testing.T) {
	t.Parallel()
	s, c, e := cdntest.Start(t), new(clock), newEngine(t)
	reopen(t, s, e, c).add(t, urls(0, 1)...)
	c.ahead = orphaned + time.Second
	reopen(t, s, e, c).mustSend(t)
	if got := s.URLs("file"); !slices.Equal(got, urls(0, 1)) {
		t.Errorf("taken %v", got)
	}
}

func TestManyAddressesAreSentAThousandACall(t *testing.T) {
	t.Parallel()
	q, s, _ := start(t)
	for i := range 5 {
		q.Release(t.Context(), q.add(t, urls(i*300, (i+1)*300)...))
	}
	q.Release(t.Context(), q.add(t, urls(1500, 1600)...))
	for range 3 {
		q.mustSend(t)
	}
	if got := s.URLs("file"); !slices.Equal(got, urls(0, 1600)) || len(s.Tasks()) > 2 {
		t.Errorf("taken %d in %d calls", len(got), len(s.Tasks()))
	}
	q.Release(t.Context(), q.add(t, urls(1600, 1700)...))
	s.Leave(2000, 100)
	long := q.add(t, urls(2000, 3001)...) // more than one call holds
	if len(long) != 2 {
		t.Errorf("%d notes", len(long))
	}
}

func TestTheDaysQuotaIsKept(t *testing.T) {
	t.Parallel()
	q, s, _ := start(t)
	s.Leave(5, 0)
	for i := range 4 {
		q.Release(t.Context(), q.add(t, urls(2*i, 2*i+2)...))
	}
	if err := q.Directory(t.Context(), "https://cdn.example.com/results/"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		q.mustSend(t) // the double complains about the first address too many
	}
	if got := s.URLs("file"); len(got) != 4 {
		t.Errorf("taken %v, want what the day leaves", got)
	}
	s.Leave(2000, 100) // the next day
	q.mustSend(t)
	if got := s.URLs("file"); !slices.Equal(got, urls(0, 8)) {
		t.Errorf("taken %v", got)
	}
	if got := s.URLs("directory"); len(got) != 1 {
		t.Errorf("taken %v", got)
	}
}

func TestWhatTheCDNRefusesIsTriedAgainLater(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer cdntest.Answer
		kind   fault.Kind
	}{
		"Denied":  {cdntest.Denied, fault.Forbidden},
		"Busy":    {cdntest.Busy, fault.Limited},
		"Down":    {cdntest.Down, fault.Unavailable},
		"Foreign": {cdntest.Foreign, fault.Invalid},
		"TooMany": {cdntest.TooMany, fault.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q, s, now := start(t)
			s.Next(c.answer, c.answer)
			q.Release(t.Context(), q.add(t, urls(0, 2)...))
			for _, wait := range []time.Duration{0, firstWait, 2 * firstWait} {
				now.ahead += wait + time.Second
				err := q.Send(t.Context())
				if last := wait == 2*firstWait; last != (err == nil) || (!last && fault.KindOf(err) != c.kind) {
					t.Errorf("after %v: %v", wait, err)
				}
				if err != nil && strings.Contains(err.Error(), cdntest.SecretKey) {
					t.Error("the secret is in an error")
				}
				q.mustSend(t) // not yet
			}
			if got := s.Tasks(); len(got) != 1 || len(got[0].URLs) != 2 {
				t.Errorf("taken %v", got)
			}
		})
	}
}

func TestGatewaysDoNotSendTheSame(t *testing.T) {
	t.Parallel()
	s, c, e := cdntest.Start(t), new(clock), newEngine(t)
	a, b := reopen(t, s, e, c), reopen(t, s, e, c)
	for i := range 20 {
		a.Release(t.Context(), a.add(t, urls(i, i+1)...))
	}
	done := make(chan error, 2)
	for _, q := range []*Queue{a, b} {
		go func() { done <- q.Send(t.Context()) }()
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if got := s.URLs("file"); !slices.Equal(got, urls(0, 20)) {
		t.Errorf("taken %v, want each once", got)
	}
}

func TestAddressesPastRetentionAreGivenUp(t *testing.T) {
	t.Parallel()
	q, s, now := start(t)
	s.Next(cdntest.Down)
	q.Release(t.Context(), q.add(t, urls(0, 1)...))
	if err := q.Send(t.Context()); err == nil {
		t.Error("no error")
	}
	now.ahead = 25 * time.Hour
	q.mustSend(t)
	if got := s.Tasks(); len(got) != 0 {
		t.Errorf("taken %v", got)
	}
}

func TestASubAccountNamesItsProject(t *testing.T) {
	t.Parallel()
	s := cdntest.Start(t)
	c := configFor(s)
	c.EnterpriseProject = "all"
	q, err := Open(t.Context(), c, Deps{Engine: newEngine(t)})
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Directory(t.Context(), "https://cdn.example.com/results/"); err != nil {
		t.Fatal(err)
	}
	q.mustSend(t)
	if got := s.Tasks(); len(got) != 1 || got[0].Project != "all" || got[0].Type != "directory" {
		t.Errorf("taken %v", got)
	}
}

func TestEveryFaultIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	err := Config{AccessKey: secret.New("ak"), Endpoint: "cdn"}.Validate()
	for _, key := range []string{"cdn.secretKey:", "cdn.domainId:", "cdn.endpoint:"} {
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s is not named in %v", key, err)
		}
	}
	if err := Defaults().Validate(); err != nil {
		t.Error(err)
	}
}
