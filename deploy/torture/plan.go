package main

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"

	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/secret"
)

// plan writes the configuration of every process into dir.
func plan(ctx context.Context, c Config, programs rig.Programs, dir string) (*site, error) {
	all, err := rig.FreePorts(ctx, 3*(gatewayCount+1)+1+workerCount+vendorPorts+rig.EnginePorts)
	if err != nil {
		return nil, err
	}
	ports := ports{free: all}
	s := &site{data: filepath.Join(dir, "data"), journal: filepath.Join(dir, "calls.jsonl")}
	if c.Vendors {
		if s.vendors, err = planVendors(c, programs, dir, ports.take(vendorPorts)); err != nil {
			return nil, err
		}
	}
	if c.Engines > 0 {
		e := programs.Engine(dir, ports.take(rig.EnginePorts), c.Environ, c.Sync)
		s.engine = &e
	}
	fleets, err := s.planGateways(c, programs, dir, &ports)
	if err != nil {
		return nil, err
	}
	for i := range workerCount {
		listen := ports.take(1)[0]
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

// ports gives each address away once.
type ports struct{ free []string }

func (p *ports) take(n int) (taken []string) {
	taken, p.free = p.free[:n], p.free[n:]
	return taken
}

// planGateways returns the addresses at which workers find them.
func (s *site) planGateways(c Config, programs rig.Programs, dir string, ports *ports) (fleets []string, err error) {
	count := gatewayCount
	if s.engine != nil {
		count++ // the one that joins
	}
	embedded := ports.take(1)[0]
	for i := range count {
		at := ports.take(3)
		public, admin, fleet := at[0], at[1], at[2]
		asked, err := operator.NewClient(operator.ClientConfig{Server: "http://" + admin, Token: secret.New(adminToken), Who: "torture"})
		if err != nil {
			return nil, err
		}
		doc := s.common(c)
		doc["http"] = map[string]any{"listen": public}
		doc["admin"] = map[string]any{"listen": admin, "token": adminToken}
		doc["fleet"] = map[string]any{"listen": fleet, "token": "torture-fleet"}
		doc["data"] = map[string]any{"dir": s.data}
		doc["store"] = map[string]any{"kind": "disk", "shared": true}
		switch {
		case s.engine != nil && i < gatewayCount:
			doc["engine"] = map[string]any{"url": s.engine.URL, "token": s.engine.Token, "replicas": rig.EngineNodes}
		case s.engine != nil: // says nothing of replicas, and must not take any away
			doc["engine"] = map[string]any{"url": s.engine.URL, "token": s.engine.Token}
		case i == 0:
			doc["engine"] = map[string]any{"listen": embedded, "token": engineToken, "sync": c.Sync}
		default:
			doc["engine"] = map[string]any{"url": "nats://" + embedded, "token": engineToken, "sync": c.Sync}
		}
		p, err := programs.Configured(dir, fmt.Sprintf("gateway%d", i+1), rig.Gateway, c.Environ, doc)
		if err != nil {
			return nil, err
		}
		fleets = append(fleets, fleet)
		s.public, s.admin = append(s.public, "http://"+public), append(s.admin, asked)
		if i < gatewayCount {
			s.gateways = append(s.gateways, p)
		} else {
			s.late = p
		}
	}
	return fleets, nil
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
			"sessionDaily": 1_000_000, "sessionActive": 1_000_000, "sessionStreams": 0, "sessionPerMinute": 0, "ipPerMinute": 0, "ipDaily": 0, "ipSessionsPerHour": 0,
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
