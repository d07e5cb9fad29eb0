package obs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// machine is the metadata service of a machine with an agency.
type machine struct {
	server *httptest.Server
	lock   sync.Mutex
	answer string // what it says, with status 200; "" is 500
	asked  int
}

func startMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{}
	m.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		m.lock.Lock()
		defer m.lock.Unlock()
		m.asked++
		if m.answer == "" {
			w.WriteHeader(http.StatusInternalServerError)
		}
		_, _ = io.WriteString(w, m.answer)
	}))
	t.Cleanup(m.server.Close)
	return m
}

func (m *machine) say(answer string) {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.answer = answer
}

func (m *machine) times() int {
	m.lock.Lock()
	defer m.lock.Unlock()
	return m.asked
}

// key is the nth pair of temporary keys.
func key(n int) (access, secret, token string) {
	return fmt.Sprintf("access-%d", n), fmt.Sprintf("secret-%d", n), fmt.Sprintf("token-%d", n)
}

func said(n int, until time.Time) string {
	access, secret, token := key(n)
	return fmt.Sprintf(`{"credential":{"access":%q,"secret":%q,"securitytoken":%q,"expires_at":%q}}`, access, secret, token, until.UTC().Format(time.RFC3339Nano))
}

// watch is an agency with a clock of its own.
type watch struct {
	*agency
	lock sync.Mutex
	at   time.Time
}

func newWatch(m *machine) *watch {
	w := &watch{at: time.Now()}
	w.agency = newAgency(m.server.URL, slog.New(slog.DiscardHandler))
	w.agency.now = func() time.Time {
		w.lock.Lock()
		defer w.lock.Unlock()
		return w.at
	}
	return w
}

func (w *watch) advance(d time.Duration) {
	w.lock.Lock()
	defer w.lock.Unlock()
	w.at = w.at.Add(d)
}

func (w *watch) want(t *testing.T, n int) {
	t.Helper()
	k, err := w.keys(t.Context())
	if access, _, _ := key(n); err != nil || k.access != access {
		t.Errorf("keys %q, %v, want %q", k.access, err, access)
	}
}

// A bucket goes on while the keys change that it is reached with.
func TestABucketIsReachedWithTheMachinesKeys(t *testing.T) {
	t.Parallel()
	d, m := startDouble(t), startMachine(t)
	w := newWatch(m)
	m.say(said(1, w.at.Add(time.Hour)))
	d.trust(1)
	b := d.openAs(t, w.agency)
	name := task.NewID() + "/uploads/u/raw"
	put(t, b, name)

	m.say(said(2, w.at.Add(2*time.Hour)))
	d.trust(2) // and the first ones no more
	w.advance(time.Hour - renewAhead + time.Second)
	put(t, b, name)
	url := signedPut(t, b, name, "image/jpeg")
	if !strings.Contains(url, "x-obs-security-token=token-2") {
		t.Errorf("the URL names no token: %s", url)
	}
	if code := send(t, b, url, "image/jpeg", "12345"); code != http.StatusOK {
		t.Errorf("a URL signed with temporary keys: %d", code)
	}
	if m.times() != 2 {
		t.Errorf("the machine was asked %d times", m.times())
	}
}

func TestKeysThatCannotBeRenewedAreUsedToTheirEnd(t *testing.T) {
	t.Parallel()
	m := startMachine(t)
	w := newWatch(m)
	m.say(said(1, w.at.Add(time.Hour)))
	w.want(t, 1)
	m.say("")
	w.advance(time.Hour - renewAhead + time.Second)
	for range 3 {
		w.want(t, 1)
	}
	if m.times() != 2 {
		t.Errorf("a machine in trouble was asked %d times at once", m.times()-1)
	}
	w.advance(renewAgain)
	m.say(said(2, w.at.Add(time.Hour)))
	w.want(t, 2)

	m.say("")
	w.advance(2 * time.Hour)
	if _, err := w.keys(t.Context()); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("without keys: %v", err)
	}
	m.say(said(3, w.at.Add(time.Hour)))
	w.want(t, 3) // at once: nobody can work without
}

func TestManyCallsAskTheMachineOnce(t *testing.T) {
	t.Parallel()
	m := startMachine(t)
	w := newWatch(m)
	m.say(said(1, w.at.Add(time.Hour)))
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() { w.want(t, 1) })
	}
	all.Wait()
	if m.times() != 1 {
		t.Errorf("asked %d times", m.times())
	}
}

// roundTripper is a machine without a network.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Those who wait while the machine is silent share what comes of it, and the
// caller that asked takes nothing from them by going away.
func TestManyCallsWaitForOneSilentMachine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		answer := make(chan struct{})
		a := newAgency("http://machine", slog.New(slog.DiscardHandler))
		a.http.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
			select {
			case <-answer:
				return nil, io.ErrUnexpectedEOF
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		})
		first, leave := context.WithCancel(t.Context())
		impatient, giveUp := context.WithCancel(t.Context())
		ended := make(chan error, 8)
		call := func(ctx context.Context) { _, err := a.keys(ctx); ended <- err }
		go call(first)
		synctest.Wait()
		go call(impatient)
		for range 6 {
			go call(t.Context())
		}
		synctest.Wait()
		leave()
		giveUp()
		synctest.Wait()
		if err := <-ended; !errors.Is(err, context.Canceled) || len(ended) > 0 {
			t.Errorf("%v, and %d others ended without an answer", err, len(ended))
		}
		close(answer)
		for range 7 {
			if err := <-ended; fault.CodeOf(err) != fault.StorageUnavailable {
				t.Errorf("keys: %v", err)
			}
		}
		if n, _ := a.outcome(); n != 1 {
			t.Errorf("the machine was asked %d times", n)
		}
	})
}

func TestWhatAreNoKeysIsRefusedWithoutATrace(t *testing.T) {
	t.Parallel()
	m := startMachine(t)
	w := newWatch(m)
	for name, words := range map[string]string{
		"no agency": `{"credential":{}}`,
		"no JSON":   "access-1",
		"ended":     said(1, w.at.Add(-time.Second)),
		"no token":  `{"credential":{"access":"access-1","secret":"secret-1","expires_at":"2999-01-01T00:00:00Z"}}`,
		"endless":   said(1, w.at.Add(time.Hour)) + strings.Repeat(" ", maxKeys),
	} {
		m.say(words)
		_, err := w.keys(t.Context())
		if fault.KindOf(err) != fault.Unavailable || strings.Contains(err.Error(), "secret-1") || strings.Contains(err.Error(), "access-1") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzKeys(f *testing.F) {
	f.Add([]byte(said(1, time.Unix(2e9, 0))))
	f.Add([]byte(`{"credential":{"expires_at":"x"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if k, err := readKeys(data); err == nil && (k.access == "" || k.secret == "" || k.token == "" || k.until.IsZero()) {
			t.Errorf("half of keys: %+v", k)
		}
	})
}
