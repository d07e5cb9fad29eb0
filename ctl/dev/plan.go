package dev

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/imgfleet/imgfleet/pkg/operator"
)

// workerCapacity is what a worker takes at once unless somebody says
// otherwise: enough to see things overlap on a laptop.
const workerCapacity = "4"

// process is one child before it is started.
type process struct {
	name string
	env  []string
}

// gatewayPlan is one gateway before it is started.
type gatewayPlan struct {
	process
	http, admin, fleet string // addresses
}

// plan is everything that will run and how its parts find each other.
type plan struct {
	gateways  []*gatewayPlan
	workers   []*process
	doubles   *doublesPlan // nil: no vendor is played
	tokenFile string
	token     string
}

// newPlan chooses ports, makes secrets and writes each child's environment.
// base is the environment the children inherit; what we set wins.
func newPlan(ctx context.Context, c Config, base []string, pretty bool) (*plan, error) {
	p := &plan{tokenFile: filepath.Join(c.Data, "admin.token")}
	var err error
	if p.token, err = operator.LoadOrCreateToken(p.tokenFile); err != nil {
		return nil, err
	}
	if err := ours(p.tokenFile); err != nil { // somebody was quicker
		return nil, err
	}
	var reserved ports
	defer reserved.release()
	if err := p.addressGateways(ctx, c, &reserved); err != nil {
		return nil, err
	}
	shared := p.sharedEnv(c, base, pretty)
	if p.doubles, err = planDoubles(ctx, c, &reserved, shared); err != nil {
		return nil, err
	}
	if err := p.wireGateways(ctx, c, &reserved, shared); err != nil {
		return nil, err
	}
	if err := p.wireWorkers(ctx, c, &reserved, base, shared); err != nil {
		return nil, err
	}
	if err := p.simulate(); err != nil {
		return nil, err
	}
	if err := p.secure(c); err != nil {
		return nil, err
	}
	return p, nil
}

// addressGateways gives every gateway its three addresses. Only the first one's
// are the person's choice.
func (p *plan) addressGateways(ctx context.Context, c Config, reserved *ports) (err error) {
	for i := range c.Gateways {
		g := &gatewayPlan{process: process{name: "gateway"}}
		if c.Gateways > 1 {
			g.name = fmt.Sprintf("gateway-%d", i+1)
		}
		if i == 0 {
			if g.http, err = reserved.take(ctx, "--http", c.HTTP, defaultHTTP); err != nil {
				return err
			}
			if g.admin, err = reserved.take(ctx, "--admin", c.Admin, defaultAdmin); err != nil {
				return err
			}
		} else if g.http, err = reserved.free(ctx); err != nil {
			return err
		} else if g.admin, err = reserved.free(ctx); err != nil {
			return err
		}
		if g.fleet, err = reserved.free(ctx); err != nil {
			return err
		}
		p.gateways = append(p.gateways, g)
	}
	return nil
}

// sharedEnv is what all children have in common.
func (p *plan) sharedEnv(c Config, base []string, pretty bool) []string {
	env := []string{
		"IMGFLEET_ENVIRONMENT=dev", "IMGFLEET_FLEET_TOKEN=" + rand.Text(), "IMGFLEET_DATA_DIR=" + c.Data,
	}
	if pretty && !given(base, "IMGFLEET_LOG_FORMAT") {
		env = append(env, "IMGFLEET_LOG_FORMAT=pretty")
	}
	return append(append([]string(nil), base...), env...)
}

// wireGateways makes the first gateway host the engine, and the others use it
// and its object store.
func (p *plan) wireGateways(ctx context.Context, c Config, reserved *ports, shared []string) error {
	engine := []string{"IMGFLEET_ENGINE_URL="}
	guests := engine
	if c.Gateways > 1 {
		addr, err := reserved.free(ctx)
		if err != nil {
			return err
		}
		token := rand.Text()
		engine = []string{"IMGFLEET_ENGINE_URL=", "IMGFLEET_ENGINE_LISTEN=" + addr, "IMGFLEET_ENGINE_TOKEN=" + token, "IMGFLEET_STORE_SHARED=true"}
		guests = []string{"IMGFLEET_ENGINE_URL=nats://" + addr, "IMGFLEET_ENGINE_TOKEN=" + token, "IMGFLEET_STORE_SHARED=true"}
	}
	// What a file says of the engine's and the admin listener's TLS is for
	// operation: dev talks to itself on loopback.
	plain := []string{"IMGFLEET_ENGINE_TLS_CA=", "IMGFLEET_ENGINE_TLS_CERT=", "IMGFLEET_ENGINE_TLS_KEY=", "IMGFLEET_ENGINE_CREDS=", "IMGFLEET_ADMIN_TLS_CERT=", "IMGFLEET_ADMIN_TLS_KEY="}
	for i, g := range p.gateways {
		g.env = append(append(append([]string(nil), shared...), plain...),
			"IMGFLEET_HTTP_LISTEN="+g.http, "IMGFLEET_ADMIN_LISTEN="+g.admin, "IMGFLEET_ADMIN_TOKEN=file:"+p.tokenFile, "IMGFLEET_FLEET_LISTEN="+g.fleet)
		if i == 0 {
			g.env = append(g.env, engine...)
		} else {
			g.env = append(g.env, guests...)
		}
	}
	return nil
}

// wireWorkers spreads workers over the regions and gives them the addresses of
// all gateways.
func (p *plan) wireWorkers(ctx context.Context, c Config, reserved *ports, base, shared []string) error {
	fleet := make([]string, len(p.gateways))
	for i, g := range p.gateways {
		fleet[i] = g.fleet
	}
	gateways, err := json.Marshal(fleet)
	if err != nil {
		return err
	}
	for i := range c.Workers {
		addr, err := reserved.free(ctx)
		if err != nil {
			return err
		}
		w := &process{name: "worker-" + strconv.Itoa(i+1)}
		w.env = append(append([]string(nil), shared...),
			"IMGFLEET_FLEET_GATEWAYS="+string(gateways), "IMGFLEET_WORKER_LISTEN="+addr, "IMGFLEET_WORKER_REGION="+c.Regions[i%len(c.Regions)],
			"IMGFLEET_WORKER_ADMIN_LISTEN=127.0.0.1:0") // one file is for all of them
		if c.File == "" && !given(base, "IMGFLEET_WORKER_CAPACITY") {
			w.env = append(w.env, "IMGFLEET_WORKER_CAPACITY="+workerCapacity)
		}
		p.workers = append(p.workers, w)
	}
	return nil
}

// simulate makes all processes use the doubles. Gateways get no keys.
func (p *plan) simulate() error {
	if p.doubles == nil {
		return nil
	}
	public, err := p.doubles.providers(false)
	if err != nil {
		return err
	}
	private, err := p.doubles.providers(true)
	if err != nil {
		return err
	}
	for _, g := range p.gateways {
		g.env = append(g.env, public)
	}
	for _, w := range p.workers {
		w.env = append(w.env, private)
	}
	return nil
}

// secure gives every child a certificate of one throw-away authority.
func (p *plan) secure(c Config) error {
	if !c.TLS {
		return nil
	}
	dir := filepath.Join(c.Data, "tls")
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("--tls: %w", err)
	}
	a, err := newAuthority(dir)
	if err != nil {
		return err
	}
	for _, k := range p.children() {
		id, err := a.issue(k.name, p.role(k))
		if err != nil {
			return err
		}
		k.env = append(k.env, "IMGFLEET_TLS_CERT="+id.cert, "IMGFLEET_TLS_KEY="+id.key, "IMGFLEET_TLS_CLIENTCA="+id.ca)
	}
	return nil
}

// role is what a child's certificate is good for.
func (p *plan) role(k *process) string {
	if slices.Contains(p.workers, k) {
		return "worker"
	}
	return "gateway"
}

// children are the gateways and the workers.
func (p *plan) children() []*process {
	all := slices.Clone(p.workers)
	for _, g := range p.gateways {
		all = append(all, &g.process)
	}
	return all
}

func given(environ []string, name string) bool {
	return slices.ContainsFunc(environ, func(kv string) bool { return strings.HasPrefix(kv, name+"=") })
}
