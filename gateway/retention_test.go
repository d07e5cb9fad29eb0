package main

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/engine/enginetest"
	"github.com/imgfleet/imgfleet/gateway/intake"
	"github.com/imgfleet/imgfleet/pkg/porttest"
	"github.com/imgfleet/imgfleet/pkg/secret"
)

func hostEngine(t *testing.T) *engine.Engine {
	t.Helper()
	e, err := engine.Open(t.Context(), engine.Config{Dir: t.TempDir(), Listen: porttest.Must(t, 1)[0], Token: secret.New("secret"), Interval: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

func TestAGatewayKeepsThingsAsLongAsTheEngineDoes(t *testing.T) {
	t.Parallel()
	e := hostEngine(t)
	asked := &Config{Retention: time.Hour}
	kept := func() (wanted, retention time.Duration) {
		g := &gateway{config: asked, engine: e, log: slog.New(slog.DiscardHandler)}
		if err := g.keepAsOthers(t.Context()); err != nil {
			t.Fatal(err)
		}
		return g.wanted, g.config.Retention
	}
	if wanted, is := kept(); wanted != time.Hour || is != time.Hour {
		t.Errorf("the first gateway keeps %v, wants %v", is, wanted)
	}
	if _, err := e.Bucket(t.Context(), engine.BucketConfig{Name: intake.FeedbackBucket, MaxAge: 24 * time.Hour}); err != nil {
		t.Fatal(err)
	}
	if wanted, is := kept(); wanted != time.Hour || is != 24*time.Hour || asked.Retention != time.Hour {
		t.Errorf("the second gateway keeps %v, wants %v, and was asked for %v", is, wanted, asked.Retention)
	}
}

// Every stream of the product is as the first gateway made it; what another one
// has configured otherwise it tells, and changes nothing.
func TestAnotherConfigurationIsToldAndChangesNothing(t *testing.T) {
	t.Parallel()
	e := hostEngine(t)
	serves := func(g *started) {
		t.Helper()
		enginetest.Await(t, "it serves", func() bool { status, _, err := g.get("/catalog"); return err == nil && status == http.StatusOK })
	}
	first := startGateway(t, e.ClientURL(), "secret")
	serves(first)
	before := settings(t, e)
	second := startGateway(t, e.ClientURL(), "secret", "retention: 1h", "limits: {queueDepth: 7}")
	serves(second)
	for _, words := range []string{"max age (retention): B_cache has 24h0m0s, wanted is 1h0m0s", "max msgs (limits.queueDepth): JOBS has 100000, wanted is 7", "retention is what the engine has"} {
		enginetest.Await(t, words, func() bool { return second.log.count(words) == 1 })
	}
	if n := first.log.count("engine_differs") + second.log.count("engine_differs"); n != 2 {
		t.Errorf("%d alarms, want two of the second:\n%s", n, first.log.buf.String()+second.log.buf.String())
	}
	second.stop()
	if after := settings(t, e); after != before {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
}

// settings are what the streams of an engine keep, as text.
func settings(t *testing.T, e *engine.Engine) string {
	t.Helper()
	var out strings.Builder
	all, err := e.Streams(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		stream, err := e.JetStream().Stream(t.Context(), s.Stream) //nolint:forbidigo // a test looks at what the engine has
		if err != nil {
			t.Fatal(err)
		}
		c := stream.CachedInfo().Config
		out.WriteString(strings.Join([]string{c.Name, strings.Join(c.Subjects, ","), c.MaxAge.String(), c.Duplicates.String()}, " "))
		_, _ = out.WriteString(" " + time.Duration(c.MaxMsgs).String() + "\n")
	}
	return out.String()
}
