package dev

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/secret"
)

const (
	readyProbe  = 5 * time.Second
	readyEvery  = 50 * time.Millisecond
	readyWithin = 2 * time.Minute // recovering a large engine takes its time
)

// awaitGateways returns when every gateway answers. Workers start after it.
func (p *plan) awaitGateways(ctx context.Context) error {
	probe := &http.Client{Timeout: readyProbe}
	for _, g := range p.gateways {
		if err := until(ctx, func() bool { return has(ctx, probe, link(g.http), operator.CheckEngine) }); err != nil {
			return err
		}
	}
	return nil
}

// awaitWorkers returns when every gateway knows every worker, and says so at
// /readyz.
func (p *plan) awaitWorkers(ctx context.Context) error {
	if len(p.workers) == 0 {
		return nil
	}
	probe := &http.Client{Timeout: readyProbe}
	for _, g := range p.gateways {
		admin, err := operator.NewClient(operator.ClientConfig{Server: link(g.admin), Token: secret.New(p.token), Who: "imgctl dev"})
		if err != nil {
			return err
		}
		if err := until(ctx, func() bool {
			return present(ctx, admin) >= len(p.workers) && has(ctx, probe, link(g.http), operator.CheckWorkers)
		}); err != nil {
			return err
		}
	}
	return nil
}

// until asks again and again: a process that starts announces nothing.
func until(ctx context.Context, done func() bool) error {
	tick := time.NewTicker(readyEvery)
	defer tick.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
	return nil
}

// has reports whether a check of a gateway is ok.
func has(ctx context.Context, probe *http.Client, gateway, check string) bool {
	var found operator.Readiness
	_, body := get(ctx, probe, gateway+"/readyz?verbose")
	return json.Unmarshal(body, &found) == nil && found.Has(check)
}

// answers reports whether there is anybody.
func answers(ctx context.Context, probe *http.Client, url string) bool {
	status, _ := get(ctx, probe, url)
	return status == http.StatusOK
}

// get returns status 0 when nobody answers.
func get(ctx context.Context, probe *http.Client, url string) (status int, body []byte) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, nil
	}
	resp, err := probe.Do(r)
	if err != nil {
		return 0, nil
	}
	defer func() { _ = resp.Body.Close() }()
	body, err = io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return 0, nil
	}
	return resp.StatusCode, body
}

func present(ctx context.Context, admin *operator.Client) int {
	ws, err := admin.Workers(ctx)
	if err != nil {
		return -1
	}
	return len(slices.DeleteFunc(ws, func(w operator.Worker) bool { return !w.Present }))
}
