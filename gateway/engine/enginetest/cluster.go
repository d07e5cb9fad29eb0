package enginetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/porttest"
	"github.com/imgfleet/imgfleet/pkg/secret"
)

// Nodes is how many nodes a cluster has.
const Nodes = 3

const clusterToken = "cluster-secret"

// Cluster is an external engine of three nodes in this process. A node that
// stops hands its streams over first, so another leads within a moment. With
// two nodes stopped no stream has a leader: that is how an election looks from
// outside, for as long as a test wants.
type Cluster struct {
	nodes [Nodes]node
}

type node struct {
	config engine.NodeConfig
	server *server.Server // nil while it is stopped
}

// OpenCluster starts a cluster and waits until it has a leader.
func OpenCluster(t *testing.T) *Cluster {
	t.Helper()
	ports := porttest.Must(t, 2*Nodes)
	c := &Cluster{}
	for i := range c.nodes {
		c.nodes[i].config = engine.NodeConfig{
			Name: fmt.Sprintf("node%d", i+1), Listen: ports[i], Cluster: ports[Nodes+i], Routes: ports[Nodes:],
			Dir: t.TempDir(), Token: secret.New(clusterToken), Interval: time.Minute,
		}
	}
	t.Cleanup(c.stopAll)
	for i := range c.nodes {
		c.launch(t, i)
	}
	c.Settle(t)
	return c
}

// URL names all nodes, as engine.url does.
func (c *Cluster) URL() string {
	urls := make([]string, 0, Nodes)
	for i := range c.nodes {
		urls = append(urls, "nats://"+c.Addr(i))
	}
	return strings.Join(urls, ",")
}

// Addr is where clients of one node connect to.
func (c *Cluster) Addr(i int) string { return c.nodes[i].config.Listen }

// Config is how a gateway connects to the cluster.
func (c *Cluster) Config() engine.Config {
	return engine.Config{URL: c.URL(), Token: secret.New(clusterToken), Replicas: Nodes, Interval: time.Minute}
}

// Engine connects to the cluster.
func (c *Cluster) Engine(t *testing.T) *engine.Engine {
	t.Helper()
	return opened(t, c.Config())
}

// Linked connects to the cluster over a link to one node, the only way that
// this client knows: nodes of a test name no others.
func (c *Cluster) Linked(t *testing.T, i int) (*engine.Engine, *Link) {
	t.Helper()
	k := OpenLink(t, c.Addr(i))
	conf := c.Config()
	conf.URL = "nats://" + k.Addr()
	return opened(t, conf), k
}

// Stop stops a node, which keeps its data and its ports.
func (c *Cluster) Stop(t *testing.T, i int) {
	t.Helper()
	s := c.nodes[i].server
	if s == nil {
		t.Fatalf("node %d is stopped already", i)
	}
	c.nodes[i].server = nil
	s.Shutdown()
	s.WaitForShutdown()
}

// Start starts a node that was stopped, on what it had written. Settle waits
// until it takes part again.
func (c *Cluster) Start(t *testing.T, i int) {
	t.Helper()
	if c.nodes[i].server != nil {
		t.Fatalf("node %d runs already", i)
	}
	c.launch(t, i)
}

func (c *Cluster) launch(t *testing.T, i int) {
	t.Helper()
	o, err := c.nodes[i].config.Options()
	if err != nil {
		t.Fatal(err)
	}
	o.Cluster.NoAdvertise = true // a client knows the addresses that its test gave it
	s, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(20 * time.Second) {
		s.Shutdown()
		t.Fatalf("node %d does not listen", i)
	}
	c.nodes[i].server = s
}

func (c *Cluster) stopAll() {
	for i := range c.nodes {
		if s := c.nodes[i].server; s != nil {
			s.Shutdown()
			s.WaitForShutdown()
		}
	}
}
