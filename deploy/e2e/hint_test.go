package e2e_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/deploy/e2e/photo"
)

// TestTheHintCanBePasted is the first minute of a new user: what dev prints
// is pasted into another terminal as it stands.
func TestTheHintCanBePasted(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("no curl here")
	}
	d := launch(t, t.TempDir())
	var hint string
	if err := within(5*time.Second, func() (err error) {
		hint, err = pasted(d.log.String())
		return err
	}); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	data, err := photo.JPEG(30, 1600, 1200, photo.Rotated)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "photo.jpg"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), taskPatience)
	defer cancel()
	sh := exec.CommandContext(ctx, "sh", "-c", hint)
	sh.Dir, sh.Env = dir, append(d.environ(), "PWD="+dir)
	said, err := sh.CombinedOutput()
	if err != nil {
		t.Fatalf("the hint does not work: %v\n%s\n%s", err, hint, said)
	}
	picture, err := os.ReadFile(filepath.Join(dir, "result.jpg"))
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, hint, said)
	}
	decode(t, picture)
	if bytes.Equal(picture, data) || !bytes.Contains(picture, []byte(labelMark)) {
		t.Error("what came back is no labelled picture")
	}
	theContextIsGivenBack(t, d)
}

// pasted cuts the commands out of what dev said.
func pasted(log string) (string, error) {
	_, rest, found := strings.Cut(log, "photo.jpg):\n")
	commands, _, ended := strings.Cut(rest, "Look around")
	if !found || !ended {
		return "", os.ErrNotExist
	}
	return commands, nil
}

// theContextIsGivenBack: without other contexts, none is selected after dev.
func theContextIsGivenBack(t *testing.T, d *dev) {
	t.Helper()
	current := func() string {
		cmd := exec.CommandContext(t.Context(), d.programs.Path("imgctl"), "context", "ls", "-o", "json")
		cmd.Env = d.environ()
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return string(out)
	}
	if during := current(); !strings.Contains(during, d.admin) {
		t.Errorf("while dev runs, contexts are %s", during)
	}
	if code, _ := d.interrupt(t); code != 0 {
		t.Errorf("exit %d", code)
	}
	if after := current(); strings.Contains(after, d.admin) {
		t.Errorf("after dev, contexts are %s", after)
	}
}
