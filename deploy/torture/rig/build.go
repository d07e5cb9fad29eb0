package rig

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
)

// modulePath tells the go command what to build from any directory of the
// module.
const modulePath = "github.com/imgfleet/imgfleet"

// Programs are the built executables, side by side as imgctl wants them.
type Programs struct {
	Gateway, Worker, Imgctl string
}

// Build compiles the three programs into dir.
func Build(ctx context.Context, dir string) (Programs, error) {
	p := Programs{
		Gateway: filepath.Join(dir, "gateway"), Worker: filepath.Join(dir, "worker"), Imgctl: filepath.Join(dir, "imgctl"),
	}
	for out, pkg := range map[string]string{p.Gateway: "gateway", p.Worker: "worker", p.Imgctl: "ctl"} {
		cmd := exec.CommandContext(ctx, "go", "build", "-o", out, modulePath+"/"+pkg)
		if said, err := cmd.CombinedOutput(); err != nil {
			return p, fmt.Errorf("build %s: %w\n%s", pkg, err, said)
		}
	}
	return p, nil
}
