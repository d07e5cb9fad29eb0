package engine

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWhatTheEmbeddedServerWarnsOfIsInOurLog(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	damaged := filepath.Join(dir, "engine", "jetstream", "$G", "streams", "DAMAGED")
	if err := os.MkdirAll(damaged, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(damaged, "meta.inf"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	open(t, dir, func(c *Config) { c.Logger = slog.New(slog.NewTextHandler(&out, nil)) }).Close()
	if !strings.Contains(out.String(), "level=WARN msg=\"engine server\"") || !strings.Contains(out.String(), "DAMAGED") {
		t.Errorf("a damaged stream is not told of:\n%s", out.String())
	}
	if strings.Contains(out.String(), "Server is ready") || strings.Contains(out.String(), "level=INFO msg=\"engine server\"") {
		t.Errorf("what the server does by itself is told of:\n%s", out.String())
	}
}
