package main

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"

	"github.com/bytedance/sonic"

	"github.com/imgfleet/imgfleet/pkg/task"
)

const keyHeader = "Idempotency-Key"

// roads is an HTTP transport that sends each request of a client to a random
// gateway and throws chosen answers away.
type roads struct {
	base  http.RoundTripper
	hosts []*url.URL

	mu   sync.Mutex
	rand *rand.Rand
	lose map[string]bool    // keys whose next answer is thrown away
	lost map[string]task.ID // what it said
}

func newRoads(base http.RoundTripper, gateways []string, seed, client uint64) (*roads, error) {
	r := &roads{base: base, rand: rand.New(rand.NewPCG(seed, client)), lose: map[string]bool{}, lost: map[string]task.ID{}}
	for _, g := range gateways {
		u, err := url.Parse(g)
		if err != nil {
			return nil, err
		}
		r.hosts = append(r.hosts, u)
	}
	return r, nil
}

// loseNext throws away the next answer to a request with this key.
func (r *roads) loseNext(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lose[key] = true
}

// said is the task that a lost answer named, "" when none was lost.
func (r *roads) said(key string) task.ID {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lost[key]
}

// choose picks the gateway of a request, and whether its answer is lost.
func (r *roads) choose(key string) (host *url.URL, lose bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	lose = key != "" && r.lose[key]
	delete(r.lose, key)
	return r.hosts[r.rand.IntN(len(r.hosts))], lose
}

var errLost = errors.New("the answer was lost on purpose")

// RoundTrip sends the request to one of the gateways.
func (r *roads) RoundTrip(req *http.Request) (*http.Response, error) {
	key := req.Header.Get(keyHeader)
	host, lose := r.choose(key)
	req = req.Clone(req.Context())
	req.URL.Scheme, req.URL.Host, req.Host = host.Scheme, host.Host, host.Host
	resp, err := r.base.RoundTrip(req)
	if err != nil || !lose {
		return resp, err
	}
	raw, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		return nil, err
	}
	var doc struct {
		TaskID task.ID `json:"taskId"`
	}
	if resp.StatusCode == http.StatusAccepted && sonic.Unmarshal(raw, &doc) == nil {
		r.mu.Lock()
		r.lost[key] = doc.TaskID
		r.mu.Unlock()
		return nil, errLost
	}
	resp.Body = io.NopCloser(bytes.NewReader(raw)) // a refusal is worth hearing
	return resp, nil
}
