package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
)

// ErrNoNative says why the libheif of this machine cannot be used.
var ErrNoNative = errors.New("picture.heif: no native decoder")

// Choose turns what was asked for into what there is: WASM or Native. It asks
// a process of program, so that this one never loads the library.
func Choose(ctx context.Context, program string, asked HEIF) (HEIF, error) {
	if asked == WASM {
		return WASM, nil
	}
	cmd := exec.CommandContext(ctx, program, Argument, string(Native), "0")
	cmd.Env = []string{"GOTRACEBACK=none"}
	out, err := cmd.CombinedOutput()
	switch {
	case err == nil:
		return Native, nil
	case asked == Auto && ctx.Err() == nil:
		return WASM, nil
	default:
		return "", fmt.Errorf("%w: %w: %s", ErrNoNative, err, bytes.TrimSpace(out))
	}
}
