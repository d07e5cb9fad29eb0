package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/gateway/admin/admintest"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"imgctl": main})
}

// TestScripts runs imgctl as a process against the real admin API. $SERVER
// and $TOKENFILE lead to it; $RUNNING, $FAILED and $DONE are tasks of $OWNER.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			stage := admintest.New(env.T().(testing.TB))
			owner := task.SessionID(task.DeriveID("owner"))
			for name, r := range tasks(owner) {
				stage.Put(r)
				env.Setenv(name, string(r.ID))
			}
			token := filepath.Join(env.WorkDir, "admin.token")
			env.Setenv("SERVER", stage.URL)
			env.Setenv("TOKENFILE", token)
			env.Setenv("OWNER", string(owner))
			env.Setenv("XDG_CONFIG_HOME", filepath.Join(env.WorkDir, "config"))
			env.Setenv("USER", "li")
			env.Setenv("TZ", "UTC")
			return os.WriteFile(token, []byte(admintest.Token+"\n"), 0o600)
		},
	})
}

func tasks(owner task.SessionID) map[string]*task.Record {
	at := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	later := at.Add(4 * time.Second)
	make := func(name string, state task.State, progress int) *task.Record {
		return &task.Record{
			ID: task.ID(task.DeriveID(name)), Session: owner, Version: 3, State: state, Stage: task.StageGenerating, Progress: progress,
			CreatedAt: at, StartedAt: &at, Style: "ink", Place: "bund",
			Attempts: []task.Attempt{{Number: 1, Provider: "seedream", Region: "cn-north", Worker: "w2", StartedAt: at, EndedAt: &later, Outcome: task.Rejected, Class: task.ClassRate, Code: "RateLimitExceeded"}},
		}
	}
	failed, done := make("failed", task.Failed, 40), make("done", task.Succeeded, 100)
	failed.Failure = &task.Failure{Code: "content_refused", Kind: "unprocessable"}
	failed.FinishedAt, done.FinishedAt = &later, &later
	return map[string]*task.Record{"RUNNING": make("running", task.Running, 40), "FAILED": failed, "DONE": done}
}

func TestRunReturnsTheExitCode(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	getenv := func(name string) string { return map[string]string{"XDG_CONFIG_HOME": home}[name] }
	discard, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = discard.Close() })
	streams := &terminal.Streams{In: discard, Out: discard, Err: discard, Width: func() int { return 0 }}
	for want, args := range map[int][]string{0: {"version"}, 2: {"status"}, 5: {"status", "--context", "nobody"}} {
		if got := run(t.Context(), args, getenv, nil, streams); got != want {
			t.Errorf("%v: exit code %d, want %d", args, got, want)
		}
	}
}
