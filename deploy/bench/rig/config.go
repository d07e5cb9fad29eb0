package rig

import (
	"context"
	"fmt"
	"net"
	"strings"
)

// token is every secret of a rig: all its listeners are on loopback and live
// for minutes.
const token = "bench-bench-bench-bench-bench-32"

// Options say what a measurement needs. All limits but Daily are off.
type Options struct {
	Dir      string // emptied by Close
	Sync     string // engine.sync
	Model    string // of the mock provider
	Capacity int    // of each worker
	Daily    int64  // tasks per session and day; 0: nobody counts
}

// ports are the listeners of one rig.
type ports struct{ http, admin, fleet, engine string }

// freePorts finds loopback addresses that nobody listens on.
func freePorts(ctx context.Context) (ports, error) {
	var p ports
	var open []net.Listener // until the last is found: no two may be the same
	defer func() {
		for _, l := range open {
			_ = l.Close()
		}
	}()
	for _, addr := range []*string{&p.http, &p.admin, &p.fleet, &p.engine} {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return ports{}, err
		}
		open = append(open, l)
		*addr = l.Addr().String()
	}
	return p, nil
}

// yaml is the one configuration file of the gateway and its workers.
func (o Options) yaml(p ports, data string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "environment: dev\n")
	fmt.Fprintf(&b, "http: {listen: %q}\nadmin: {listen: %q, token: %q}\n", p.http, p.admin, token)
	fmt.Fprintf(&b, "fleet: {listen: %q, token: %q, gateways: [%q]}\n", p.fleet, token, p.fleet)
	fmt.Fprintf(&b, "engine: {sync: %q, listen: %q, token: %q}\ndata: {dir: %q}\n", o.Sync, p.engine, token, data)
	fmt.Fprintf(&b, "limits: {sessionDaily: %d, sessionActive: 0, sessionStreams: 0, sessionUploadBytes: 0, ipPerMinute: 0, "+
		"ipDaily: 0, ipSessionsPerHour: 0, queueDepth: 0, taskFen: 0}\n", o.Daily)
	fmt.Fprintf(&b, "providers: [{name: mock, kind: mock, model: %q}]\n", o.Model)
	fmt.Fprintf(&b, "worker: {listen: \"127.0.0.1:0\", capacity: %d}\n", o.Capacity)
	fmt.Fprintf(&b, "log: {level: info, format: json}\n")
	return b.String()
}
