package rig

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// EngineNodes is how many nodes an external engine has.
const EngineNodes = 3

// EnginePorts is how many ports its nodes need.
const EnginePorts = 2 * EngineNodes

// Engine is an external engine: three processes of our own binary.
type Engine struct {
	Nodes []*Process
	URL   string // of all of them
	Token string
}

// Engine describes an external engine that keeps its data and logs below dir.
// sync is how often what is written reaches the disk.
func (p Programs) Engine(dir string, ports, env []string, sync string) Engine {
	e := Engine{Token: "engine-of-a-trial"}
	clients, routes := ports[:EngineNodes], ports[EngineNodes:EnginePorts]
	e.URL = "nats://" + strings.Join(clients, ",nats://")
	env = append(slices.Clone(env), "ENGINE_TOKEN="+e.Token)
	for i := range EngineNodes {
		name := fmt.Sprintf("nats%d", i+1)
		e.Nodes = append(e.Nodes, New(name, p.Path(Gateway), filepath.Join(dir, name+".log"), env,
			"-engine-node", "-exit-with-stdin", "-name", name, "-listen", clients[i], "-cluster", routes[i], "-routes", strings.Join(routes, ","),
			"-dir", filepath.Join(dir, name), "-token", "env:ENGINE_TOKEN", "-sync", sync, "-log-format", "json"))
	}
	return e
}

// Start starts every node that does not run.
func (e Engine) Start() error {
	for _, n := range e.Nodes {
		if err := n.Start(); err != nil {
			return err
		}
	}
	return nil
}

// Kill ends every node without a warning.
func (e Engine) Kill() {
	for _, n := range e.Nodes {
		n.Kill()
	}
}
