package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/config"
	"github.com/imgfleet/imgfleet/pkg/reference"
)

func TestTheReferenceIsFreshAndComplete(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	keys, err := generate(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	data, err := encode(keys)
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{keysFile: string(data), yamlFile: reference.YAML(keys)} {
		if got, err := os.ReadFile(filepath.Join(root, file)); err != nil || string(got) != want {
			t.Errorf("%s is stale (make generate): %v", file, err)
		}
	}
	for _, k := range keys {
		section := k.Type == config.TypeSection || k.Type == config.TypeSections
		switch {
		case !strings.HasSuffix(k.Words, "."):
			t.Errorf("%s: its words are no sentence: %q", k.Path, k.Words)
		case section || k.Type == config.TypeBool || strings.Contains(k.Range, "|"):
		case k.Example == "" && (k.Default == "" || k.Default == `""` || k.Default == "[]"):
			t.Errorf("%s: nothing shows how a value looks; give the field a tag example", k.Path)
		case (k.Type == config.TypeWhole || k.Type == config.TypeNumber || k.Type == config.TypeDuration || k.Type == config.TypeSize) && k.Range == "":
			t.Errorf("%s: nothing says how small or large it may be; give the field a tag range", k.Path)
		}
	}
}

func TestAFieldWithoutAWordIsNamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	source := "package main\n\ntype told struct {\n\t// Said.\n\t// Twice.\n\tA string\n\tB string\n}\n"
	if err := os.WriteFile(filepath.Join(dir, "a.go"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	c := comments{root: dir, own: "."}
	if said, err := c.of(config.Key{Package: "main", Struct: "told", Field: "A"}); said != "Said. Twice." || err != nil {
		t.Errorf("A: %q, %v", said, err)
	}
	if _, err := c.of(config.Key{Path: "b", Package: "main", Struct: "told", Field: "B"}); err == nil || !strings.HasPrefix(err.Error(), "b: told.B in . has no comment") {
		t.Errorf("B: %v", err)
	}
}

func TestAKeyThatNobodyReadsIsNamed(t *testing.T) {
	t.Parallel()
	m := merged{list: []reference.Key{{Path: "a"}}}
	if _, err := m.keys(); err == nil || !strings.Contains(err.Error(), "a: no program reads it") {
		t.Errorf("err = %v", err)
	}
}
