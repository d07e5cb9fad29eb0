package enginetest

import (
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// Leader is the node that leads a stream, -1 when none does.
func (c *Cluster) Leader(stream string) int {
	for i := range c.nodes {
		if s := c.nodes[i].server; s != nil && s.JetStreamIsStreamLeader(server.DEFAULT_GLOBAL_ACCOUNT, stream) {
			return i
		}
	}
	return -1
}

// StepDown takes a stream from its leader; the nodes elect one at once.
func (c *Cluster) StepDown(t *testing.T, stream string) {
	t.Helper()
	i := c.Leader(stream)
	if i < 0 {
		t.Fatalf("nobody leads stream %s", stream)
	}
	if err := c.nodes[i].server.JetStreamStepdownStream(server.DEFAULT_GLOBAL_ACCOUNT, stream); err != nil {
		t.Fatal(err)
	}
}

// Replicas is how many copies of each stream there should be, by its name.
func (c *Cluster) Replicas(t *testing.T) map[string]int {
	t.Helper()
	all := map[string]int{}
	for _, s := range c.streams() {
		all[s.Name] = s.Config.Replicas
	}
	return all
}

// Settle waits until the cluster, every stream and every consumer have a
// leader, and every copy on a running node has all that its leader has.
func (c *Cluster) Settle(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; {
		if c.settled() {
			return
		}
		if time.Now().After(end) {
			t.Fatal("the cluster did not settle")
		}
		time.Sleep(10 * time.Millisecond) //nolint:forbidigo // nothing announces it
	}
}

func (c *Cluster) settled() bool {
	led := false
	for i := range c.nodes {
		s := c.nodes[i].server
		if s == nil {
			continue
		}
		if !s.JetStreamIsCurrent() {
			return false
		}
		led = led || s.JetStreamIsLeader()
	}
	if !led {
		return false
	}
	for _, stream := range c.streams() {
		if c.Leader(stream.Name) < 0 || !c.current(stream) {
			return false
		}
		for _, consumer := range stream.Consumer {
			if !c.consumed(stream.Name, consumer.Name) {
				return false
			}
		}
	}
	return true
}

// streams are all streams that the running nodes have, once for each copy.
func (c *Cluster) streams() (all []server.StreamDetail) {
	for i := range c.nodes {
		s := c.nodes[i].server
		if s == nil {
			continue
		}
		info, err := s.Jsz(&server.JSzOptions{Accounts: true, Streams: true, Consumer: true, Config: true})
		if err != nil {
			continue // it is starting
		}
		for _, account := range info.AccountDetails {
			all = append(all, account.Streams...)
		}
	}
	return all
}

// current reports whether the copies on all running nodes are.
func (c *Cluster) current(stream server.StreamDetail) bool {
	for i := range c.nodes {
		s := c.nodes[i].server
		if s != nil && s.JetStreamIsStreamAssigned(server.DEFAULT_GLOBAL_ACCOUNT, stream.Name) &&
			!s.JetStreamIsStreamCurrent(server.DEFAULT_GLOBAL_ACCOUNT, stream.Name) {
			return false
		}
	}
	return true
}

func (c *Cluster) consumed(stream, consumer string) bool {
	for i := range c.nodes {
		if s := c.nodes[i].server; s != nil && s.JetStreamIsConsumerLeader(server.DEFAULT_GLOBAL_ACCOUNT, stream, consumer) {
			return true
		}
	}
	return false
}
