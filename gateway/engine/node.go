package engine

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/imgfleet/imgfleet/pkg/check"
)

// clusterUser is how the nodes of a cluster call each other; their password is
// the token.
const clusterUser = "node"

// NodeConfig describes one node of a cluster that serves as external engine.
type NodeConfig struct {
	Name     string        // differs within the cluster and stays
	Listen   string        // address for gateways
	Cluster  string        // address for the other nodes
	Routes   []string      // cluster addresses of all nodes, its own may be among them
	Dir      string        // where it keeps its data
	Token    string        // of gateways, and between the nodes
	Always   bool          // fsync before every acknowledgement
	Interval time.Duration // else fsync this often
}

// Validate says everything that is wrong.
func (c NodeConfig) Validate() error {
	var faults check.Faults
	faults.If(c.Name == "", "name: must be given")
	faults.If(c.Dir == "", "dir: must be given")
	faults.If(c.Token == "", "token: must be given")
	faults.If(len(c.Routes) == 0, "routes: must name the cluster addresses of the nodes")
	faults.If(!c.Always && c.Interval <= 0, "sync: must be \"always\" or a positive duration, is %v", c.Interval)
	for _, addr := range append([]string{c.Listen, c.Cluster}, c.Routes...) {
		_, _, err := net.SplitHostPort(addr)
		faults.If(err != nil, "listen, cluster and routes: must be host:port, one is %q", addr)
	}
	return faults.Err()
}

// Options are what the node's server is started with.
func (c NodeConfig) Options() (*server.Options, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	o := &server.Options{
		ServerName: c.Name, JetStream: true, StoreDir: filepath.Join(c.Dir, "engine"),
		SyncAlways: c.Always, SyncInterval: cmp.Or(c.Interval, Defaults().Interval), JetStreamMaxMemory: 1 << 30, JetStreamMaxStore: 1 << 40,
		NoSigs: true, NoLog: true, Authorization: c.Token, MaxPayload: 1 << 20,
		Cluster: server.ClusterOpts{Name: "imgfleet", Username: clusterUser, Password: c.Token},
	}
	var err error
	if o.Host, o.Port, err = split(c.Listen); err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	if o.Cluster.Host, o.Cluster.Port, err = split(c.Cluster); err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	for _, r := range c.Routes {
		o.Routes = append(o.Routes, &url.URL{Scheme: "nats-route", User: url.UserPassword(clusterUser, c.Token), Host: r})
	}
	return o, nil
}

func split(addr string) (host string, port int, err error) {
	host, name, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, err
	}
	port, err = strconv.Atoi(name)
	return host, port, err
}
