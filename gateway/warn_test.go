package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/program"
)

func TestAMissingPriceIsAWarningAtTheStart(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "c.yaml")
	doc := "providers: [{name: sold, kind: seedream, apiKey: k}]\nengine: {url: 'nats://127.0.0.1:1'}\nstore: {shared: true}\ndata: {dir: " + t.TempDir() + "}\n"
	if err := os.WriteFile(file, []byte(doc), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop() // it says so before it waits for anything
	var said bytes.Buffer
	run(ctx, program.Process{Args: []string{"-config", file}, Stdin: strings.NewReader(""), Stderr: io.Writer(&said)})
	if !strings.Contains(said.String(), "providers[0].priceFen: is missing") {
		t.Errorf("it said %s", said.String())
	}
}
