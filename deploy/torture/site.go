package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/secret"
)

const (
	gatewayCount = 2
	workerCount  = 3
	adminToken   = "torture-admin-token"
	stopGrace    = 20 * time.Second
	priceFen     = 20
)

// site is everything that runs: two gateways, the first with the engine
// inside and the second connected to it, over one shared object store, and
// three workers in two regions. Ports stay the same over all restarts.
type site struct {
	gateways []*rig.Process
	workers  []*rig.Process
	public   []string // base URLs of the gateways
	admin    []*operator.Client
	data     string
	journal  string   // of the mocks' calls
	vendors  *vendors // nil: the mocks
}

// plan writes the configuration of every process into dir.
func plan(ctx context.Context, c Config, programs rig.Programs, dir string) (*site, error) {
	ports, err := rig.FreePorts(ctx, 3*gatewayCount+1+workerCount+vendorPorts)
	if err != nil {
		return nil, err
	}
	s := &site{data: filepath.Join(dir, "data"), journal: filepath.Join(dir, "calls.jsonl")}
	if c.Vendors {
		if s.vendors, err = planVendors(c, programs, dir, ports[:vendorPorts]); err != nil {
			return nil, err
		}
	}
	engine, ports := ports[vendorPorts], ports[vendorPorts+1:]
	var fleets []string
	for i := range gatewayCount {
		public, admin, fleet := ports[3*i], ports[3*i+1], ports[3*i+2]
		s.public = append(s.public, "http://"+public)
		asked, err := operator.NewClient(operator.ClientConfig{Server: "http://" + admin, Token: secret.New(adminToken), Who: "torture"})
		if err != nil {
			return nil, err
		}
		s.admin = append(s.admin, asked)
		fleets = append(fleets, fleet)
		doc := s.common(c)
		doc["http"] = map[string]any{"listen": public}
		doc["admin"] = map[string]any{"listen": admin, "token": adminToken}
		doc["fleet"] = map[string]any{"listen": fleet, "token": "torture-fleet"}
		doc["data"] = map[string]any{"dir": s.data}
		doc["store"] = map[string]any{"kind": "disk", "shared": true}
		if i == 0 {
			doc["engine"] = map[string]any{"listen": engine, "token": "torture-engine", "sync": c.Sync}
		} else {
			doc["engine"] = map[string]any{"url": "nats://" + engine, "token": "torture-engine", "sync": c.Sync}
		}
		p, err := programs.Configured(dir, fmt.Sprintf("gateway%d", i+1), rig.Gateway, c.Environ, doc)
		if err != nil {
			return nil, err
		}
		s.gateways = append(s.gateways, p)
	}
	for i := range workerCount {
		listen := ports[3*gatewayCount+i]
		doc := s.common(c)
		doc["fleet"] = map[string]any{"gateways": fleets, "token": "torture-fleet"}
		doc["worker"] = map[string]any{"listen": listen, "advertise": listen, "region": []string{"east", "west"}[i%2], "capacity": 8}
		p, err := programs.Configured(dir, fmt.Sprintf("worker%d", i+1), rig.Worker, c.Environ, doc)
		if err != nil {
			return nil, err
		}
		s.workers = append(s.workers, p)
	}
	return s, nil
}

// common is the configuration of all programs. Both providers cost money, so
// that a call made twice is money lost. Another worker can resume a lost call
// of the first mock, but not of the second.
func (s *site) common(c Config) map[string]any {
	providers := s.mocks(c)
	if s.vendors != nil {
		providers = s.vendors.list
	}
	return map[string]any{
		"limits": map[string]any{
			"sessionDaily": 1_000_000, "sessionActive": 1_000_000, "sessionStreams": 0, "ipPerMinute": 0, "ipDaily": 0, "ipSessionsPerHour": 0,
		},
		"fallback":  map[string]any{"unknown": c.Unknown, "doublePayFenPerDay": c.DoublePayFen, "hedgeBudget": c.Hedge, "noticeAfter": "300ms"},
		"providers": providers,
	}
}

func (s *site) mocks(c Config) []map[string]any {
	model := c.Mock + "&journal=" + url.QueryEscape(s.journal)
	return []map[string]any{
		{"name": alpha, "kind": "mock", "model": model + "&seed=1", "weight": 50, "priceFen": priceFen, "timeout": "20s", "maxConcurrent": 16},
		{"name": beta, "kind": "mock", "model": model + "&seed=2&sync=true", "weight": 50, "priceFen": priceFen, "timeout": "20s"},
	}
}

func (s *site) all() []*rig.Process {
	return append(append([]*rig.Process{}, s.gateways...), s.workers...)
}

// up starts whatever does not run and waits until the gateways are ready and
// the whole fleet is registered.
func (s *site) up(ctx context.Context) error {
	if s.vendors != nil {
		if err := s.vendors.up(ctx); err != nil {
			return err
		}
	}
	for _, p := range s.all() {
		if err := p.Start(); err != nil {
			return err
		}
	}
	for i := range s.gateways {
		if err := s.ready(ctx, i, workerCount, time.Minute); err != nil {
			return err
		}
	}
	return nil
}

// ready waits for a gateway that serves and sees workers.
func (s *site) ready(ctx context.Context, gateway, workers int, within time.Duration) error {
	err := rig.Retry(ctx, within, 100*time.Millisecond, func(ctx context.Context) error {
		status, err := s.admin[gateway].Status(ctx)
		if err == nil && (!status.Ready || status.Workers < workers) {
			err = fmt.Errorf("ready: %v, %d workers, trouble: %q", status.Ready, status.Workers, status.Trouble)
		}
		return err
	})
	if err != nil {
		err = fmt.Errorf("%s did not get ready with %d workers (see %s): %w", s.gateways[gateway].Name(), workers, s.gateways[gateway].LogPath(), err)
	}
	return err
}

// restart waits until everything is ready after the last kill, stops it
// gracefully and starts it again.
func (s *site) restart(ctx context.Context) error {
	if err := s.up(ctx); err != nil {
		return err
	}
	if err := s.down(ctx); err != nil {
		return err
	}
	return s.up(ctx)
}

// down stops everything gracefully: gateways first, so that nobody calls a
// worker that is gone, and the one with the engine last of them.
func (s *site) down(ctx context.Context) error {
	for _, p := range []*rig.Process{s.gateways[1], s.gateways[0], s.workers[0], s.workers[1], s.workers[2]} {
		if err := p.Stop(ctx, stopGrace); err != nil {
			return fmt.Errorf("stop %s: %w", p.Name(), err)
		}
	}
	return nil
}

// kill ends everything at once.
func (s *site) kill() {
	for _, p := range s.all() {
		p.Kill()
	}
	if s.vendors != nil {
		s.vendors.process.Kill()
	}
}

// crashes counts by program the processes that ended by themselves.
func (s *site) crashes() map[string]int {
	out := map[string]int{}
	all := s.all()
	if s.vendors != nil {
		all = append(all, s.vendors.process)
	}
	for _, p := range all {
		if n := p.Crashes(); n > 0 {
			out[p.Name()] = n
		}
	}
	return out
}

// takeovers counts how often dispatch changed hands, from the logs.
func (s *site) takeovers() (n int) {
	for _, p := range s.gateways {
		lines(p.LogPath(), "dispatch leads", func([]byte) { n++ })
	}
	return max(0, n-1)
}

// lines calls take with every line of a log that contains a text.
func lines(path, text string, take func([]byte)) {
	f, err := os.Open(path)
	if err != nil {
		return
	}
	defer func() { _ = f.Close() }()
	all := bufio.NewScanner(f)
	all.Buffer(nil, 1<<20)
	for all.Scan() {
		if bytes.Contains(all.Bytes(), []byte(text)) {
			take(all.Bytes())
		}
	}
}
