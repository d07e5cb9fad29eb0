package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine/enginetest"
)

// Two gateways that start while the nodes of their engine start too, and again
// when the nodes have data to recover: neither gives up, and each says seldom
// that it waits.
func TestGatewaysThatStartWhileTheEngineElectsServe(t *testing.T) {
	t.Parallel()
	c := enginetest.OpenCluster(t)
	for _, round := range []string{"fresh", "kept"} {
		c.Stop(t, 0)
		c.Stop(t, 1)
		token := c.Config().Token.Reveal()
		gateways := []*started{startGateway(t, c.URL(), token), startGateway(t, c.URL(), token)}
		for _, g := range gateways {
			enginetest.Await(t, "it says why it waits", func() bool { return g.log.count("waiting for the engine") > 0 })
		}
		c.Start(t, 0)
		c.Start(t, 1)
		for _, g := range gateways {
			began := time.Now()
			enginetest.Await(t, round+": it serves", func() bool {
				status, _, err := g.get("/catalog")
				if err != nil {
					t.Fatalf("%s: it gave up: %v\n%s", round, err, g.log.buf.String())
				}
				return status == http.StatusOK
			})
			if said := g.log.count("waiting for the engine"); said > 3+int(time.Since(began)/(10*time.Second)) {
				t.Errorf("%s: it says %d times that it waits:\n%s", round, said, g.log.buf.String())
			}
		}
		c.Settle(t)
		for _, g := range gateways {
			if code := g.stop(); code != 0 {
				t.Errorf("%s: exit code %d:\n%s", round, code, g.log.buf.String())
			}
		}
		for name, n := range c.Replicas(t) {
			if n != enginetest.Nodes {
				t.Errorf("%s: %s has %d replicas", round, name, n)
			}
		}
	}
}
