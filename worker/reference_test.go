package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/config"
	"github.com/imgfleet/imgfleet/pkg/program"
	"github.com/imgfleet/imgfleet/pkg/reference"
)

func TestTheReferenceIsAConfigurationAsItStandsAndUncommented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "deploy", "config", "reference.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	whole := regexp.MustCompile(`(?m)^( *)#(- |  |\w)`).ReplaceAllString(string(text), "$1$2")
	if strings.Count(whole, "\n") < 300 || !strings.Contains(whole, "\n  listen: 127.0.0.1:8080\n") {
		t.Fatalf("this is not the reference with its keys:\n%s", whole)
	}
	for name, text := range map[string]string{"as it stands": string(text), "uncommented": whole} {
		file := filepath.Join(t.TempDir(), "reference.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		p := program.Process{Args: []string{"-check-config", "-config", file}, Stdin: strings.NewReader(""), Stderr: &out}
		if code := run(t.Context(), p); code != 0 {
			t.Errorf("%s: exit code %d\n%s", name, code, out.String())
		}
	}
}

func TestEveryExampleOfTheReferenceCanBeRead(t *testing.T) {
	t.Parallel()
	for _, k := range reference.Keys() {
		if k.Example == "" {
			continue
		}
		path := strings.Split(k.Path, ".")
		text := path[len(path)-1] + ": " + example(k)
		for i := len(path) - 2; i >= 0; i-- {
			if section, entry := strings.CutSuffix(path[i], "[]"); entry {
				text = section + ": [{" + text + "}]"
			} else {
				text = path[i] + ": {" + text + "}"
			}
		}
		file := filepath.Join(t.TempDir(), "one.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, line := range config.Faults(config.Load(defaults(), config.Options{File: file})) {
			if strings.Contains(line, "unknown key") || strings.Contains(line, ": must be a ") {
				t.Errorf("%s: %s", text, line)
			}
		}
	}
}

// example as a file has it.
func example(k reference.Key) string {
	if strings.HasPrefix(k.Example, "[") {
		return k.Example
	}
	return config.Scalar(k.Example)
}
