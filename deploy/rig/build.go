package rig

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// modulePath tells the go command what to build from any directory of the
// module.
const modulePath = "github.com/imgfleet/imgfleet"

// The programs, by the name of their executable.
const (
	Gateway = "gateway"
	Worker  = "worker"
	Imgctl  = "imgctl"
)

// Programs are built executables, side by side as imgctl wants them.
type Programs struct{ dir string }

// In are programs that somebody built into dir.
func In(dir string) Programs { return Programs{dir: dir} }

// Path is the full path of one of them.
func (p Programs) Path(name string) string { return filepath.Join(p.dir, name) }

// Dir is where they all are.
func (p Programs) Dir() string { return p.dir }

// Drives reports whether this tree has the driver of a kind of vendor: what is
// played by a vendor that somebody deleted is not tested. It is for tests of
// packages two folders below the module.
func Drives(kind string) bool {
	_, err := os.Stat(filepath.Join("..", "..", "worker", "provider", kind))
	return err == nil
}

// Build compiles programs into dir.
func Build(ctx context.Context, dir string, names ...string) (Programs, error) {
	p := Programs{dir: dir}
	for _, name := range names {
		pkg := name
		if name == Imgctl {
			pkg = "ctl"
		}
		// Without debug information and version stamps linking is faster.
		cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-ldflags=-s -w", "-o", p.Path(name), modulePath+"/"+pkg)
		if said, err := cmd.CombinedOutput(); err != nil {
			return p, fmt.Errorf("build %s: %w\n%s", pkg, err, said)
		}
	}
	return p, nil
}
