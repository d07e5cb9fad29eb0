package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/deploy/torture/rig"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/worker/provider/double"
	"github.com/imgfleet/imgfleet/worker/simulate"
)

const (
	workerCount  = 2
	capacity     = 96 // of a worker
	adminToken   = "fleetsim-admin-token"
	fleetToken   = "fleetsim-fleet"
	stopGrace    = 20 * time.Second
	startWithin  = time.Minute
	unknown      = "next"
	doublePayFen = 100_000 // a day, for going on after unknown outcomes
)

// fleet is everything that runs in one arm: the vendors, a gateway with the
// engine inside, and workers.
type fleet struct {
	config    Config
	arm       arm
	programs  rig.Programs
	dir       string
	processes []*rig.Process // in the order in which they start
	public    string
	desk      string // of the simulation
	admin     *operator.Client
}

// plan writes the configuration of every process into dir.
func plan(ctx context.Context, c Config, a arm, programs rig.Programs, dir string) (*fleet, error) {
	ports, err := rig.FreePorts(ctx, 4+workerCount+len(a.vendors))
	if err != nil {
		return nil, err
	}
	f := &fleet{config: c, arm: a, programs: programs, dir: dir, public: "http://" + ports[0], desk: "http://" + ports[3]}
	admin, fleetAt := ports[1], ports[2]
	ports = ports[4:]
	played, asked := f.list(ports)
	ports = ports[len(a.vendors):]
	if err := f.add("vendors", rig.Worker, map[string]any{"simulate": map[string]any{"listen": f.desk[len("http://"):], "vendors": played}}, "-simulate"); err != nil {
		return nil, err
	}
	if err := f.add("gateway", rig.Gateway, f.gateway(admin, fleetAt, asked)); err != nil {
		return nil, err
	}
	for i := range workerCount {
		err := f.add(fmt.Sprintf("worker%d", i+1), rig.Worker, map[string]any{
			"providers": asked, "fleet": map[string]any{"gateways": []string{fleetAt}, "token": fleetToken},
			"worker": map[string]any{"listen": ports[i], "advertise": ports[i], "region": []string{"east", "west"}[i%2], "capacity": capacity},
		})
		if err != nil {
			return nil, err
		}
	}
	f.admin, err = operator.NewClient(operator.ClientConfig{Server: "http://" + admin, Token: adminToken, Who: "fleet-sim"})
	return f, err
}

// list is every vendor as its double is played, and as the fleet asks it.
func (f *fleet) list(ports []string) (played, asked []map[string]any) {
	for i, v := range f.arm.vendors {
		key := "simulated-" + v.name
		played = append(played, map[string]any{
			"name": v.name, "kind": v.kind, "listen": ports[i], "apiKey": key, "knobs": v.knobs(f.config, v.faults, f.config.Seed+uint64(i)),
		})
		asked = append(asked, map[string]any{
			"name": v.name, "kind": v.kind, "model": v.model, "baseUrl": "http://" + ports[i] + v.prefix, "apiKey": key,
			"weight": v.weight, "priceFen": priceFen, "timeout": f.brief(v.timeout),
		})
	}
	return played, asked
}

// brief is a time of life as it is played.
func (f *fleet) brief(d time.Duration) string { return (d / time.Duration(f.config.Scale)).String() }

func (f *fleet) gateway(admin, fleetAt string, providers []map[string]any) map[string]any {
	return map[string]any{
		"http":  map[string]any{"listen": strings.TrimPrefix(f.public, "http://")},
		"admin": map[string]any{"listen": admin, "token": adminToken},
		"fleet": map[string]any{"listen": fleetAt, "token": fleetToken},
		"data":  map[string]any{"dir": filepath.Join(f.dir, "data")},
		"limits": map[string]any{
			"sessionDaily": 1_000_000, "sessionActive": 1_000_000, "ipPerMinute": 0, "ipDaily": 0, "ipSessionsPerHour": 0,
		},
		"fallback": map[string]any{
			"mock": false, "unknown": unknown, "doublePayFenPerDay": doublePayFen, "hedgeBudget": f.arm.hedge, "noticeAfter": f.brief(30 * time.Second),
		},
		"providers": providers,
	}
}

// add writes the configuration, JSON being YAML, and describes the process.
// Being tied to our standard input, it ends when we do.
func (f *fleet) add(name, program string, doc map[string]any, args ...string) error {
	doc["environment"] = "dev"
	doc["log"] = map[string]any{"level": "info", "format": "json"}
	data, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return err
	}
	file := filepath.Join(f.dir, name+".yaml")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		return err
	}
	args = append([]string{"-config", file, "-exit-with-stdin"}, args...)
	f.processes = append(f.processes, rig.New(name, f.programs.Path(program), filepath.Join(f.dir, name+".log"), f.config.Environ, args...))
	return nil
}

// up starts everything and waits until the gateway sees all workers.
func (f *fleet) up(ctx context.Context) error {
	for _, p := range f.processes {
		if err := p.Start(); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	for {
		_, err := f.books(ctx)
		if err == nil {
			var s operator.Status
			if s, err = f.admin.Status(ctx); err == nil && s.Ready && s.Workers == workerCount {
				return nil
			}
		}
		if ctx.Err() != nil {
			return fmt.Errorf("the fleet did not get ready, see %s: %w", f.dir, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// down ends everything in peace, the vendors last, and says who had ended by
// itself.
func (f *fleet) down(ctx context.Context) error {
	for _, i := range []int{1, 2, 3, 0} {
		p := f.processes[i]
		if err := p.Stop(ctx, stopGrace); err != nil {
			return fmt.Errorf("stop %s: %w", p.Name(), err)
		}
		if p.Crashes() > 0 {
			return fmt.Errorf("%s ended by itself, see %s", p.Name(), p.LogPath())
		}
	}
	return nil
}

// kill ends everything at once.
func (f *fleet) kill() {
	for _, p := range f.processes {
		p.Kill()
	}
}

// books are what the vendors counted.
func (f *fleet) books(ctx context.Context) (map[string]double.Books, error) {
	var b simulate.Books
	err := f.ask(ctx, http.MethodGet, "/books", nil, http.StatusOK, &b)
	return b.Vendors, err
}

// steer makes a vendor behave otherwise.
func (f *fleet) steer(ctx context.Context, name, knobs string) error {
	return f.ask(ctx, http.MethodPut, "/vendors/"+name+"/knobs", []byte(knobs), http.StatusNoContent, nil)
}

func (f *fleet) ask(ctx context.Context, method, path string, body []byte, want int, into any) error {
	r, err := http.NewRequestWithContext(ctx, method, f.desk+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	client := http.Client{Timeout: 10 * time.Second}
	resp, err := client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != want {
		return fmt.Errorf("%s of the simulation answered %d", path, resp.StatusCode)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(into)
}
