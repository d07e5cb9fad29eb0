package e2e_test

import (
	"os"
	"slices"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/gateway/engine/enginetest"
	"github.com/imgfleet/imgfleet/pkg/client"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// clustered is a gateway and a worker on an engine of three processes.
type clustered struct {
	*site

	engine rig.Engine
}

// threeNodes are an engine that outlives gateways.
func threeNodes(t *testing.T) rig.Engine {
	t.Helper()
	programs, err := built()
	if err != nil {
		t.Fatal(err)
	}
	ports, err := rig.FreePorts(t.Context(), rig.EnginePorts)
	if err != nil {
		t.Fatal(err)
	}
	engine := programs.Engine(t.TempDir(), ports, rig.Environ(os.Environ()), "1m")
	if err := engine.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(engine.Kill)
	return engine
}

func clusteredSite(t *testing.T, model string) *clustered {
	t.Helper()
	c := &clustered{engine: threeNodes(t)}
	config := laid(unlimited(), section{"providers": []section{{"name": "mock", "kind": "mock", "model": model}}})
	c.site = gatewayWith(t, laid(config, section{
		"engine": section{"url": c.engine.URL, "token": c.engine.Token}, "store": section{"shared": true},
	}))
	c.workerWith(t, config)
	return c
}

// streams are all streams, once each of them is as it should be.
func (c *clustered) streams(t *testing.T, well func(enginetest.Stream) bool) (all []enginetest.Stream) {
	t.Helper()
	eventually(t, func() bool {
		var err error
		all, err = enginetest.Streams(t.Context(), c.engine.URL, c.engine.Token)
		return err == nil && !slices.ContainsFunc(all, func(s enginetest.Stream) bool { return !well(s) })
	})
	return all
}

func led(s enginetest.Stream) bool     { return s.Leader != "" }
func settled(s enginetest.Stream) bool { return s.Leader != "" && s.Current }

// leader is the node that leads a stream of a cluster that is well.
func (c *clustered) leader(t *testing.T, stream string) *rig.Process {
	t.Helper()
	for _, s := range c.streams(t, settled) {
		for _, n := range c.engine.Nodes {
			if s.Name == stream && n.Name() == s.Leader {
				return n
			}
		}
	}
	t.Fatalf("no node leads %s", stream)
	return nil
}

// ends waits for the end of a task, and says when it was seen.
func ends(t *testing.T, p *person, id task.ID) time.Time {
	t.Helper()
	eventually(t, func() bool {
		doc, err := p.Get(t.Context(), id)
		return err == nil && doc.State == task.Succeeded
	})
	return time.Now()
}

// A task that runs while the streams elect a leader ends soon after, and so
// does one that somebody asks for meanwhile.
func TestTimedTasksEndSoonAfterAnElection(t *testing.T) {
	t.Parallel()
	alone(t)
	const draws = 3 * time.Second
	c := clusteredSite(t, "latency=3s&jitter=0s&steps=6")
	p := c.person(t, 1)
	for i, stream := range []string{"TASKS", "JOBS", "B_fleet"} {
		node := c.leader(t, stream)
		running := p.submit(t, int64(2*i))
		if _, err := follow(t.Context(), p.Session, running.TaskID, 0, func(e client.Event) bool { return e.Name == "progress" }); err != nil {
			t.Fatal(err)
		}
		node.Kill()
		killed := time.Now()
		var later client.Task
		eventually(t, func() (accepted bool) {
			var err error
			later, err = p.Submit(t.Context(), p.wish(int64(2*i+1)))
			return err == nil
		})
		accepted := time.Now()
		c.streams(t, led)
		elected := time.Now()
		first, second := ends(t, p, running.TaskID), ends(t, p, later.TaskID)
		t.Logf("leader of %s killed: accepted after %v, elected after %v, the tasks end after %v and %v", stream,
			accepted.Sub(killed), elected.Sub(killed), first.Sub(killed), second.Sub(killed))
		if most := elected.Add(electedWithin); first.After(most) || second.After(most.Add(draws)) {
			t.Errorf("leader of %s killed: the tasks end %v and %v after the election", stream, first.Sub(elected), second.Sub(elected))
		}
		if err := node.Start(); err != nil {
			t.Fatal(err)
		}
	}
}
