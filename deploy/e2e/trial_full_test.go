package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/gateway/store/storetest/s3server"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

// quota stands before a bucket and lets it be full: it gives and removes, and
// takes nothing.
type quota struct {
	at   string
	full atomic.Bool
}

func quotaAt(t *testing.T, endpoint string) *quota {
	t.Helper()
	to, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	q := new(quota)
	bucket := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host // which is signed
	}}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if q.full.Load() && r.Method == http.MethodPut {
			w.Header().Set("Content-Type", "application/xml")
			w.WriteHeader(http.StatusForbidden)
			_, _ = fmt.Fprint(w, "<Error><Code>QuotaExceeded</Code><Message>the quota is used up</Message></Error>")
			return
		}
		bucket.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	q.at = s.URL
	return q
}

// resident is the memory of a process, in MiB; 0 where that is not known.
func resident(p *rig.Process) int {
	said, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.PID()), "status"))
	if err != nil {
		return 0
	}
	found := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(said)
	if found == nil {
		return 0
	}
	kib, _ := strconv.Atoi(string(found[1]))
	return kib >> 10
}

// TestTimedAFullBucketBuysNothing uses up the quota of the bucket under load.
// Nobody's new task is accepted, no task that waits is sent to the vendor, and
// nothing piles up in memory.
func TestTimedAFullBucketBuysNothing(t *testing.T) {
	t.Parallel()
	alone(t)
	if !rig.Drives(paidVendor) {
		t.Skip("its driver was deleted")
	}
	s := s3server.Start(t, "../..")
	s.Bucket(t, bucketName)
	q := quotaAt(t, s.Endpoint)
	s.Endpoint = q.at
	desk, providers := vendorOf(t)
	tr := newTrial(t, trialConfig{
		gateway: map[string]any{"store": bucketOf(s), "providers": providers, "fallback": map[string]any{"unknown": "next", "doublePayFenPerDay": 1_000_000}},
		worker:  map[string]any{"providers": providers},
	})
	tr.start(t)
	c := gather(t, tr.public)
	c.works(t, "at the start", taskPatience)
	inFlight(t, desk, several)
	gateway, worker := resident(tr.gateway), resident(tr.worker)

	q.full.Store(true)
	tr.shows(t, "with a full bucket it is not ready", trueWithin, func(r operator.Readiness) bool { return !r.Ready && !r.Has("store") })
	bought, tasks, refused := inFlight(t, desk, none), c.accepted(), c.refusals()
	rig.Wait(t.Context(), someTime())
	if now := inFlight(t, desk, anyNumber); now != bought {
		t.Errorf("%d pictures were bought", now-bought)
	}
	if now := c.accepted(); now != tasks || c.refusals() == refused {
		t.Errorf("%d tasks were accepted, %d refused", now-tasks, c.refusals()-refused)
	}
	for of, grown := range map[string]int{"gateway": resident(tr.gateway) - gateway, "worker": resident(tr.worker) - worker} {
		if grown > 200 {
			t.Errorf("the %s has grown by %d MiB", of, grown)
		}
	}

	q.full.Store(false)
	c.works(t, "with room again", backSoon)
	c.leave(t)
	tr.quiet(t)
	inFlight(t, desk, none)
	onceEach(t, desk, c.accepted())
}
