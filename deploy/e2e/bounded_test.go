package e2e_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/deploy/e2e/photo"
	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/gateway/engine/enginetest"
	"github.com/imgfleet/imgfleet/gateway/store/storetest/s3server"
	"github.com/imgfleet/imgfleet/pkg/client"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

const (
	judgedWithin   = 31 * time.Second // the answer to a completion: a worker looks at the photo
	backWithin     = 3 * time.Second  // after the part is back, by our promise
	electedWithin  = 10 * time.Second // after an election
	settledLossFor = 5 * time.Second  // by then a gateway has noticed what it lost
)

// loss is a part that a gateway loses and gets back.
type loss struct {
	name       string
	away, back func(*testing.T)
	within     time.Duration // after its return all is as before
}

// What a person or an operator asks is answered soon whatever is away, with
// what is right or with a refusal that says when to come back. The rows are
// those of the public description and of the operators' routes: a route
// without one fails.
func TestTimedEveryRouteAnswersWhileTheEngineIsAway(t *testing.T) {
	t.Parallel()
	alone(t)
	cluster := enginetest.OpenCluster(t)
	line := enginetest.OpenLink(t, cluster.Addr(0))
	s := gatewayWith(t, laid(unlimited(), section{
		"engine": section{"url": "nats://" + line.Addr(), "token": cluster.Config().Token.Reveal()}, "store": section{"shared": true},
	}))
	s.workerWith(t, unlimited())
	b := asker()
	b.site = s
	b.begin(t)
	mend := func(*testing.T) { line.Mend() }
	b.lose(t,
		loss{"the engine is deaf", func(*testing.T) { line.Deafen() }, mend, backWithin},
		loss{"the engine is gone", func(*testing.T) { line.Cut() }, mend, backWithin},
		loss{"no stream has a leader", func(t *testing.T) { cluster.Stop(t, 1); cluster.Stop(t, 2) }, func(t *testing.T) { cluster.Start(t, 1); cluster.Start(t, 2); cluster.Settle(t) }, electedWithin},
	)
}

func TestTimedEveryRouteAnswersWhileTheStoreIsAway(t *testing.T) {
	t.Parallel()
	alone(t)
	server := s3server.Start(t, "../..")
	server.Bucket(t, bucketName)
	refuses, front := refusing(t, server.Endpoint)
	line := enginetest.OpenLink(t, front)
	server.Endpoint = "http://" + line.Addr()
	s := gatewayWith(t, laid(unlimited(), section{"store": bucketOf(server)}))
	s.workerWith(t, laid(unlimited(), section{"store": bucketOf(server)}))
	b := asker()
	b.site, b.bucket = s, true
	b.begin(t)
	mend := func(*testing.T) { line.Mend() }
	b.lose(t,
		loss{"the store is deaf", func(*testing.T) { line.Deafen() }, mend, backWithin},
		loss{"the store is gone", func(*testing.T) { line.Cut() }, mend, backWithin},
		loss{"the store refuses", func(*testing.T) { refuses.Store(true) }, func(*testing.T) { refuses.Store(false) }, backWithin},
	)
}

// refusing stands before a store, which refuses everything when told to.
func refusing(t *testing.T, endpoint string) (refuses *atomic.Bool, address string) {
	t.Helper()
	to, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	refuses = new(atomic.Bool)
	proxy := &httputil.ReverseProxy{ErrorLog: log.New(io.Discard, "", 0), Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host // it is signed
	}}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if refuses.Load() {
			http.Error(w, `<Error><Code>ServiceUnavailable</Code></Error>`, http.StatusServiceUnavailable)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(func() { front.CloseClientConnections(); front.Close() })
	return refuses, front.Listener.Addr().String()
}

// Where no worker was heard, a photo is not judged, and nobody waits for it.
func TestACompletionWithoutWorkersIsRefusedSoon(t *testing.T) {
	t.Parallel()
	b := asker()
	b.site = gatewayWith(t, unlimited())
	one := b.newcomer(t)
	data, err := photo.JPEG(1, 600, 400, photo.Rotated)
	if err != nil {
		t.Fatal(err)
	}
	up, err := one.CreateUpload(t.Context(), client.NewUpload{ContentType: "image/jpeg", Size: int64(len(data)), Consent: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := api(t, "http://"+b.http).Put(t.Context(), up, data); err != nil {
		t.Fatal(err)
	}
	g := b.do(t, b.public(http.MethodPost, "/uploads/"+string(up.UploadID)+"/complete", "", bearerOf(one)...))
	if g.err != nil || g.took > rig.AnswerWithin || g.problem.Code != string(fault.NoWorkers) || !bearable(row{}, g) {
		t.Errorf("complete: %s", g)
	}
}

// unlimited is a configuration in which one address may do what the test does.
func unlimited() section {
	return section{
		"engine":    section{"sync": "1m"},
		"limits":    section{"sessionPerMinute": 0, "ipPerMinute": 0, "ipDaily": 0, "ipSessionsPerHour": 0, "sessionDaily": 0, "sessionActive": 0, "sessionStreams": 0, "sessionUploadBytes": 0},
		"providers": []section{{"name": "mock", "kind": "mock", "model": "latency=50ms&jitter=0s&steps=1"}, {"name": "other", "kind": "mock", "weight": 0}},
	}
}

// row is one route: who makes a request to it, and what is right to answer.
type row struct {
	right  []int
	always bool // it needs no part that can be away
	bare   bool // its refusal is no problem document
	within time.Duration
	ask    func(t *testing.T, b *bounded) question
}

// question is one request.
type question struct {
	method, url, body string
	header            []string
}

// got is its answer.
type got struct {
	status  int
	header  http.Header
	problem struct{ Code string }
	took    time.Duration
	err     error
}

func (g got) String() string {
	return fmt.Sprintf("%d %s, Retry-After %q, after %v, %v", g.status, g.problem.Code, g.header.Get("Retry-After"), g.took.Round(time.Millisecond), g.err)
}

// lose takes parts away, one after the other, and asks everything: at once,
// when the gateway has noticed, and when the part is back.
func (b *bounded) lose(t *testing.T, losses ...loss) {
	t.Helper()
	rows := b.rows(t)
	b.all(t, "all is well", rows, b.prepare(t, rows), func(r row, g got) bool { return slices.Contains(r.right, g.status) })
	for _, l := range losses {
		first, later, after := b.prepare(t, rows), b.prepare(t, rows), b.prepare(t, rows)
		l.away(t)
		b.all(t, l.name+", just now", rows, first, bearable)
		rig.Wait(t.Context(), settledLossFor)
		b.all(t, l.name+", for a while", rows, later, bearable)
		l.back(t)
		b.again(t, l, rows, after)
	}
}

// bearable judges an answer while a part is away: it is right, or a refusal
// that has a code and says when to come back. A head has no room for a code,
// and a check of readiness has none.
func bearable(r row, g got) bool {
	if slices.Contains(r.right, g.status) {
		return true
	}
	typed := g.problem.Code != "" || r.bare
	return !r.always && g.status == http.StatusServiceUnavailable && g.header.Get("Retry-After") != "" && typed
}

func (b *bounded) prepare(t *testing.T, rows map[string]row) map[string]question {
	t.Helper()
	asks := make(map[string]question, len(rows))
	for name, r := range rows {
		asks[name] = r.ask(t, b)
	}
	return asks
}

// all asks everything side by side.
func (b *bounded) all(t *testing.T, when string, rows map[string]row, asks map[string]question, good func(row, got) bool) {
	t.Helper()
	var slowest got
	var of string
	var mu sync.Mutex
	var done sync.WaitGroup
	for name, r := range rows {
		done.Go(func() {
			g := b.do(t, asks[name])
			within := max(r.within, rig.AnswerWithin)
			if g.err != nil || g.took > within || !good(r, g) {
				t.Errorf("%s: %s: %s", when, name, g)
			}
			mu.Lock()
			defer mu.Unlock()
			if g.took > slowest.took {
				slowest, of = g, name
			}
		})
	}
	done.Wait()
	t.Logf("%s: the slowest is %s: %s", when, of, slowest)
}

// again asks everything until it is right again.
func (b *bounded) again(t *testing.T, l loss, rows map[string]row, asks map[string]question) {
	t.Helper()
	back := time.Now()
	var done sync.WaitGroup
	for name, r := range rows {
		done.Go(func() {
			for began := time.Now(); ; began = time.Now() {
				g := b.do(t, asks[name])
				if g.err == nil && slices.Contains(r.right, g.status) {
					return
				}
				if began.Sub(back) > l.within { // this one began too late already
					t.Errorf("%s no more for %v: %s: %s", l.name, began.Sub(back).Round(time.Millisecond), name, g)
					return
				}
				if !rig.Wait(t.Context(), 50*time.Millisecond) {
					return
				}
			}
		})
	}
	done.Wait()
	t.Logf("%s no more: all is right after %v", l.name, time.Since(back).Round(time.Millisecond))
}
