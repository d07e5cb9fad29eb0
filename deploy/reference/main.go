package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/imgfleet/imgfleet/pkg/config"
	"github.com/imgfleet/imgfleet/pkg/reference"
)

const (
	keysFile = "pkg/reference/keys.json"
	yamlFile = "deploy/config/reference.yaml"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "reference:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	keys, err := generate(ctx, ".")
	if err != nil {
		return err
	}
	data, err := encode(keys)
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(keysFile, data, 0o644), os.WriteFile(yamlFile, []byte(reference.YAML(keys)), 0o644)) //nolint:gosec // sources are for everybody
}

func encode(keys []reference.Key) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "\t")
	err := e.Encode(keys)
	return b.Bytes(), err
}

// reader is a program that reads the configuration.
type reader struct {
	name string
	dir  string
	args []string
}

func readers() []reader {
	return []reader{
		{reference.Gateway, "gateway", nil},
		{reference.Worker, "worker", nil},
		{reference.Dev, "worker", []string{"-simulate"}},
	}
}

// generate asks every program and merges what they say.
func generate(ctx context.Context, root string) ([]reference.Key, error) {
	var all merged
	for _, r := range readers() {
		keys, err := ask(ctx, root, r)
		if err != nil {
			return nil, err
		}
		if err := all.add(root, r, keys); err != nil {
			return nil, err
		}
	}
	return all.keys()
}

func ask(ctx context.Context, root string, r reader) ([]config.Key, error) {
	cmd := exec.CommandContext(ctx, "go", slices.Concat([]string{"run", "./" + r.dir}, r.args, []string{"-describe-config"})...) //nolint:gosec // our own
	cmd.Dir, cmd.Stderr = root, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("ask %s for its keys: %w", r.name, err)
	}
	var keys []config.Key
	err = json.Unmarshal(out, &keys)
	return keys, err
}

// merged are the keys of all programs; what several read stands once.
type merged struct{ list []reference.Key }

func (m *merged) add(root string, r reader, keys []config.Key) error {
	var errs []error
	words := comments{root: root, own: r.dir}
	for _, k := range keys {
		said, err := words.of(k)
		errs = append(errs, err)
		i := slices.IndexFunc(m.list, func(o reference.Key) bool { return o.Path == k.Path })
		if i < 0 {
			i = m.place(k.Path)
			m.list = slices.Insert(m.list, i, reference.Key{Path: k.Path})
		}
		if k.Ignored {
			continue
		}
		if first := &m.list[i]; len(first.Readers) == 0 {
			*first = reference.Key{Path: k.Path, Words: said, Type: k.Type, Unit: k.Unit, Default: k.Default, Range: k.Range, Example: k.Example, Readers: []string{r.name}}
			if k.Help != "" {
				first.Range = "0…"
			}
		} else {
			first.Readers = append(first.Readers, r.name)
			if first.Default != k.Default && k.Type != config.TypeSections {
				errs = append(errs, fmt.Errorf("%s: %s has the default %q, %s %q", k.Path, first.Readers[0], first.Default, r.name, k.Default))
			}
		}
	}
	return errors.Join(errs...)
}

// place is where a key belongs: behind the last of its section.
func (m *merged) place(path string) int {
	section := path[:max(0, strings.LastIndex(path, "."))]
	if section == "" {
		return len(m.list)
	}
	at := len(m.list)
	for i, k := range m.list {
		if k.Path == section || k.Path+"[]" == section || strings.HasPrefix(k.Path, section+".") {
			at = i + 1
		}
	}
	return at
}

func (m *merged) keys() ([]reference.Key, error) {
	var errs []error
	for _, k := range m.list {
		if len(k.Readers) == 0 {
			errs = append(errs, fmt.Errorf("%s: no program reads it", k.Path))
		}
	}
	return m.list, errors.Join(errs...)
}
