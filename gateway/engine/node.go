package engine

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/imgfleet/imgfleet/pkg/check"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/tick"
)

const (
	clusterName = "imgfleet"
	clusterUser = "node" // how the nodes call each other; their password is the token
)

// NodeConfig describes one node of a cluster that serves as external engine.
type NodeConfig struct {
	Name     string        // differs within the cluster and stays
	Listen   string        // address for gateways
	Cluster  string        // address for the other nodes
	Routes   []string      // cluster addresses of all nodes, its own may be among them
	Dir      string        // where it keeps its data
	Token    secret.Value  // of gateways, and between the nodes
	Always   bool          // fsync before every acknowledgement
	Interval time.Duration // else fsync this often
	TLS      NodeTLS
}

// NodeTLS names PEM files. Without them a node speaks in clear.
type NodeTLS struct{ Cert, Key, CA string }

// Validate says everything that is wrong.
func (c NodeConfig) Validate() error {
	var faults check.Faults
	faults.If(c.Name == "", "name: must be given")
	faults.If(c.Dir == "", "dir: must be given")
	faults.If(c.Token.Empty(), "token: must be given")
	faults.If(len(c.Routes) == 0, "routes: must name the cluster addresses of the nodes")
	faults.If(!c.Always && c.Interval <= 0, "sync: must be \"always\" or a positive duration, is %v", c.Interval)
	for _, addr := range append([]string{c.Listen, c.Cluster}, c.Routes...) {
		_, _, err := split(addr)
		faults.If(err != nil, "listen, cluster and routes: must be host:port, one is %q", addr)
	}
	t := c.TLS
	faults.If(t != NodeTLS{} && (t.Cert == "" || t.Key == "" || t.CA == ""), "tls-cert, tls-key and tls-ca: go together")
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
		NoSigs: true, NoLog: true, PingInterval: pingClients, MaxPingsOut: clientPings, Authorization: c.Token.Reveal(), MaxPayload: 1 << 20,
		Cluster: server.ClusterOpts{Name: clusterName, Username: clusterUser, Password: c.Token.Reveal()},
	}
	o.Host, o.Port, _ = split(c.Listen) // validated
	o.Cluster.Host, o.Cluster.Port, _ = split(c.Cluster)
	for _, r := range c.Routes {
		o.Routes = append(o.Routes, &url.URL{Scheme: "nats-route", User: url.UserPassword(clusterUser, c.Token.Reveal()), Host: r})
	}
	if c.TLS == (NodeTLS{}) {
		return o, nil
	}
	for to, auth := range map[**tls.Config]tls.ClientAuthType{
		&o.TLSConfig: tls.VerifyClientCertIfGiven, &o.Cluster.TLSConfig: tls.RequireAndVerifyClientCert,
	} {
		t, err := c.TLS.load(auth)
		if err != nil {
			return nil, err
		}
		*to = t
	}
	o.TLS, o.TLSTimeout, o.Cluster.TLSTimeout = true, requestTimeout.Seconds(), requestTimeout.Seconds()
	return o, nil
}

// load trusts the CA in both directions: nodes call each other.
func (t NodeTLS) load(auth tls.ClientAuthType) (*tls.Config, error) {
	cert, err := tls.LoadX509KeyPair(t.Cert, t.Key)
	if err != nil {
		return nil, fmt.Errorf("tls-cert: %w", err)
	}
	pem, err := os.ReadFile(t.CA)
	if err != nil {
		return nil, fmt.Errorf("tls-ca: %w", err)
	}
	ca := x509.NewCertPool()
	if !ca.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("tls-ca: %s has no certificate", t.CA)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}, RootCAs: ca, ClientCAs: ca, ClientAuth: auth}, nil
}

func split(addr string) (host string, port int, err error) {
	host, name, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, err
	}
	port, err = strconv.Atoi(name)
	return host, port, err
}

// RunNode runs one node until ctx ends. A node that can no longer write ends
// by itself, so that whoever watches over it starts it again.
func RunNode(ctx context.Context, c NodeConfig, log *slog.Logger) error {
	o, err := c.Options()
	if err != nil {
		return err
	}
	s, err := server.NewServer(o)
	if err != nil {
		return fmt.Errorf("engine node: %w", err)
	}
	s.SetLogger(newServerLog(log), false, false)
	s.Start()
	defer func() {
		s.Shutdown()
		s.WaitForShutdown()
	}()
	if !s.ReadyForConnections(startTimeout) {
		return fault.Wrap(fault.EngineUnavailable, errors.New("the node does not listen"))
	}
	log.Info("engine node serves", "node", c.Name, "listen", s.Addr().String(), "cluster", s.ClusterAddr().String())
	return c.attend(ctx, s, log)
}

// attend tells when this node becomes the leader of the cluster or ceases to
// be, and ends when the server does.
func (c NodeConfig) attend(ctx context.Context, s *server.Server, log *slog.Logger) error {
	leads := false
	for range tick.After(ctx, time.Second) {
		if !s.Running() || !s.JetStreamEnabled() {
			return fault.Wrap(fault.EngineUnavailable, errors.New("the node can no longer store, see the log above"))
		}
		if now := s.JetStreamIsLeader(); now != leads {
			leads = now
			log.Info("engine node leads the cluster", "node", c.Name, "leads", leads)
		}
	}
	log.Info("engine node stops", "node", c.Name)
	return nil
}
