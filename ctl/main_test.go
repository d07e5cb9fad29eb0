package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/gateway/admin/admintest"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// TestScripts runs imgctl against the real admin API. $SERVER and $TOKENFILE
// lead to it; $RUNNING, $FAILED and $DONE are tasks of $OWNER.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:  "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"imgctl": imgctl, "code": code, "edit": edit},
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
			return os.WriteFile(token, []byte(admintest.Token+"\n"), 0o600)
		},
	})
}

// imgctl is "imgctl ARGS…", as a shell would run it; paths are relative to the
// script's directory.
func imgctl(ts *testscript.TestScript, neg bool, args []string) {
	if failed := execute(ts, ts.Stderr(), args) != 0; failed != neg {
		ts.Fatalf("unexpected success or failure")
	}
}

// code is "code N ARGS…": imgctl must return N, and say why when it is not 0.
func code(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	var talk bytes.Buffer
	got := execute(ts, &talk, args[1:])
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
	if said := strings.Contains("\n"+talk.String(), "\nimgctl: "); said != (want != 0) {
		ts.Fatalf("exit code %d with these words on stderr: %s", got, &talk)
	}
}

// edit is "edit FILE OLD NEW": it replaces the first OLD, which must be there.
func edit(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	raw, err := os.ReadFile(path)
	ts.Check(err)
	if !strings.Contains(string(raw), args[1]) {
		ts.Fatalf("%s holds no %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(path, []byte(strings.Replace(string(raw), args[1], args[2], 1)), 0o600))
}

func execute(ts *testscript.TestScript, talk io.Writer, args []string) int {
	for i, arg := range args {
		if arg == "admin.token" || strings.HasSuffix(arg, ".yaml") {
			args[i] = ts.MkAbs(arg)
		}
	}
	streams := &terminal.Streams{In: strings.NewReader(""), Out: ts.Stdout(), Err: talk, Width: func() int { return 0 }}
	return run(context.Background(), args, ts.Getenv, nil, streams)
}

func tasks(owner task.SessionID) map[string]*task.Record {
	at := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	later := at.Add(4 * time.Second)
	record := func(name string, state task.State, progress int) *task.Record {
		return &task.Record{
			ID: task.ID(task.DeriveID(name)), Session: owner, Version: 3, State: state, Stage: task.StageGenerating, Progress: progress,
			CreatedAt: at, StartedAt: &at, Style: "ink", Place: "bund",
			Attempts: []task.Attempt{{Number: 1, Provider: "seedream", Region: "cn-north", Worker: "w2", StartedAt: at, EndedAt: &later, Outcome: task.Rejected, Class: task.ClassRate, Code: "RateLimitExceeded", Message: "vendor answered 429: slow down"}},
		}
	}
	failed, done := record("failed", task.Failed, 40), record("done", task.Succeeded, 100)
	failed.Failure = &task.Failure{Code: "content_refused", Kind: "unprocessable"}
	failed.FinishedAt, done.FinishedAt = &later, &later
	return map[string]*task.Record{"RUNNING": record("running", task.Running, 40), "FAILED": failed, "DONE": done}
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
