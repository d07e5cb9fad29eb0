package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

// byHand is a program that is started with a file and an environment of its
// own, as an operator does it.
type byHand struct {
	*rig.Process

	log string // its path
}

// start writes the file and starts the program; it is ended with the test.
func startByHand(t *testing.T, program string, config map[string]any, env ...string) byHand {
	t.Helper()
	return startWith(t, program, config, env)
}

// startWith has more arguments for the program.
func startWith(t *testing.T, program string, config map[string]any, env []string, args ...string) byHand {
	t.Helper()
	return startUnder(t, 0, program, config, env, args...)
}

// startUnder limits the program's open files; 0 does not.
func startUnder(t *testing.T, descriptors int, program string, config map[string]any, env []string, args ...string) byHand {
	t.Helper()
	programs, err := built()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := json.Marshal(config) // JSON is YAML
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file, log := filepath.Join(dir, program+".yaml"), filepath.Join(dir, "log")
	if err := os.WriteFile(file, doc, 0o600); err != nil {
		t.Fatal(err)
	}
	path, args := programs.Path(program), append([]string{"-config", file, "-exit-with-stdin"}, args...)
	if descriptors != 0 {
		path, args = "/bin/sh", append([]string{"-c", fmt.Sprintf(`ulimit -n %d && exec "$0" "$@"`, descriptors), path}, args...)
	}
	p := rig.New(program, path, log, append(rig.Environ(os.Environ()), env...), args...)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return byHand{p, log}
}

// said is what the program has written.
func (p byHand) said() string {
	text, _ := os.ReadFile(p.log)
	return string(text)
}

// serves waits until a gateway is built and answers.
func (p byHand) serves(t *testing.T, addr string) {
	t.Helper()
	err := rig.Retry(t.Context(), startPatience, 50*time.Millisecond, func(ctx context.Context) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/readyz?verbose", http.NoBody)
		if err != nil {
			return err
		}
		resp, err := new(http.Client).Do(r)
		if err != nil {
			return err
		}
		var found operator.Readiness
		err = errors.Join(json.NewDecoder(resp.Body).Decode(&found), resp.Body.Close())
		if err == nil && !found.Serves() {
			err = errors.New(resp.Status)
		}
		return err
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, tail(p.said()))
	}
}

// ended waits for the end of a program that refuses to run.
func (p byHand) ended(t *testing.T) string {
	t.Helper()
	err := rig.Retry(t.Context(), startPatience, 20*time.Millisecond, func(context.Context) error {
		if p.Running() {
			return fmt.Errorf("it runs")
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, tail(p.said()))
	}
	return p.said()
}
