package e2e_test

import (
	"os"
	"slices"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/gateway/engine/enginetest"
	"github.com/imgfleet/imgfleet/pkg/client"
)

// clustered is a gateway and a worker on an engine of three processes.
type clustered struct {
	*site

	engine rig.Engine
}

func clusteredSite(t *testing.T, model string) *clustered {
	t.Helper()
	programs, err := built()
	if err != nil {
		t.Fatal(err)
	}
	ports, err := rig.FreePorts(t.Context(), rig.EnginePorts)
	if err != nil {
		t.Fatal(err)
	}
	c := &clustered{engine: programs.Engine(t.TempDir(), ports, rig.Environ(os.Environ()), "1m")}
	if err := c.engine.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.engine.Kill)
	config := laid(unlimited(), section{"providers": []section{{"name": "mock", "kind": "mock", "model": model}}})
	c.site = gatewayWith(t, laid(config, section{
		"engine": section{"url": c.engine.URL, "token": c.engine.Token}, "store": section{"shared": true},
	}))
	c.workerWith(t, config)
	return c
}

// leader is the node that leads a stream.
func (c *clustered) leader(t *testing.T, stream string) *rig.Process {
	t.Helper()
	var led *rig.Process
	eventually(t, func() bool {
		all, err := enginetest.Streams(t.Context(), c.engine.URL, c.engine.Token)
		if err != nil || slices.ContainsFunc(all, func(s enginetest.Stream) bool { return s.Leader == "" }) {
			return false
		}
		for _, s := range all {
			for _, n := range c.engine.Nodes {
				if s.Name == stream && n.Name() == s.Leader {
					led = n
				}
			}
		}
		return led != nil
	})
	return led
}

// A task that runs while its streams elect a leader ends soon after: nothing
// waits for the end of a lease that nobody holds.
func TestATaskEndsSoonAfterAnElection(t *testing.T) {
	t.Parallel()
	const draws = 3 * time.Second
	var c *clustered
	defer func() { t.Log(c.said()) }()
	c = clusteredSite(t, "latency=3s&jitter=0s&steps=6")
	p := c.person(t, 1)
	for i, stream := range []string{"TASKS", "JOBS", "B_fleet"} {
		node := c.leader(t, stream)
		made := p.submit(t, int64(i))
		if _, err := follow(t.Context(), p.Session, made.TaskID, 0, func(e client.Event) bool { return e.Name == "progress" }); err != nil {
			t.Fatal(err)
		}
		node.Kill()
		killed := time.Now()
		var doc client.Task
		eventually(t, func() bool {
			now, err := p.Get(t.Context(), made.TaskID)
			doc = now
			return err == nil && doc.State.Terminal()
		})
		took := time.Since(killed)
		t.Logf("leader of %s killed: the task %s after %v", stream, doc.State, took.Round(time.Millisecond))
		if took > draws+electedWithin {
			t.Errorf("leader of %s killed: the task took %v", stream, took)
		}
		if err := node.Start(); err != nil {
			t.Fatal(err)
		}
	}
}
