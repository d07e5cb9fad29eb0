package rig

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// Binaries are the programs under measurement.
type Binaries struct {
	Gateway string
	Worker  string
}

// Build compiles both programs into dir, so that what is measured is the tree
// that is checked out.
func Build(ctx context.Context, dir string, stderr io.Writer) (Binaries, error) {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", dir+string(os.PathSeparator), "./gateway", "./worker")
	cmd.Stderr = stderr
	if err := cmd.Run(); err != nil {
		return Binaries{}, fmt.Errorf("build gateway and worker (run from the top of the repository): %w", err)
	}
	return In(dir), nil
}

// In names the programs in a directory.
func In(dir string) Binaries {
	return Binaries{Gateway: filepath.Join(dir, "gateway"), Worker: filepath.Join(dir, "worker")}
}
