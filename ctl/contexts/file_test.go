package contexts_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/imgfleet/imgfleet/ctl/contexts"
)

func file(t *testing.T) contexts.File {
	t.Helper()
	home := t.TempDir()
	return contexts.At(func(name string) string {
		if name == "XDG_CONFIG_HOME" {
			return home
		}
		return ""
	})
}

func update(t *testing.T, f contexts.File, change func(*contexts.Config)) {
	t.Helper()
	if err := f.Update(func(c *contexts.Config) error { change(c); return nil }); err != nil {
		t.Fatal(err)
	}
}

func load(t *testing.T, f contexts.File) *contexts.Config {
	t.Helper()
	c, err := f.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheFileLivesWhereTheDesktopSaysAndIsPrivate(t *testing.T) {
	t.Parallel()
	f := file(t)
	update(t, f, func(c *contexts.Config) { c.Put(contexts.Context{Name: "prod", Server: "https://a"}) })
	info, err := os.Stat(f.Path())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v, want 0600", info.Mode(), err)
	}
	home := contexts.At(func(name string) string { return map[string]string{"HOME": "/h", "XDG_CONFIG_HOME": "relative"}[name] })
	if want := filepath.Join("/h", ".config", "imgctl", "contexts.yaml"); home.Path() != want {
		t.Errorf("path %q, want %q", home.Path(), want)
	}
}

func TestWritersAtTheSameTimeLoseNothing(t *testing.T) {
	t.Parallel()
	f := file(t)
	var writers sync.WaitGroup
	for i := range 20 {
		writers.Go(func() {
			update(t, f, func(c *contexts.Config) { c.Put(contexts.Context{Name: fmt.Sprintf("c%d", i)}) })
		})
	}
	writers.Wait()
	if n := len(load(t, f).Contexts); n != 20 {
		t.Errorf("%d contexts, want 20", n)
	}
}

func TestABorrowedContextGivesBackWhatWasSelected(t *testing.T) {
	t.Parallel()
	f := file(t)
	update(t, f, func(c *contexts.Config) { c.Put(contexts.Context{Name: "prod"}); c.Current = "prod" })
	dev := contexts.Context{Name: "dev", Server: "http://127.0.0.1:1"}
	if _, err := f.Borrow(dev); err != nil { // this borrower is killed
		t.Fatal(err)
	}
	dev.Server = "http://127.0.0.1:2"
	give, err := f.Borrow(dev)
	if err != nil {
		t.Fatal(err)
	}
	if c := load(t, f); c.Current != "dev" {
		t.Errorf("current = %q, want dev", c.Current)
	}
	if err := give(); err != nil {
		t.Fatal(err)
	}
	c := load(t, f)
	if _, err := c.Find("dev"); c.Current != "prod" || !errors.Is(err, contexts.ErrUnknown) {
		t.Errorf("after: %+v", c)
	}
}

func TestABorrowerDoesNotOverruleAPerson(t *testing.T) {
	t.Parallel()
	f := file(t)
	update(t, f, func(c *contexts.Config) { c.Put(contexts.Context{Name: "prod"}) })
	give, err := f.Borrow(contexts.Context{Name: "dev"})
	if err != nil {
		t.Fatal(err)
	}
	update(t, f, func(c *contexts.Config) { c.Current = "prod" })
	if err := give(); err != nil {
		t.Fatal(err)
	}
	if c := load(t, f); c.Current != "prod" {
		t.Errorf("current = %q, want prod as the person said", c.Current)
	}
}

func TestABrokenFileIsNotOverwritten(t *testing.T) {
	t.Parallel()
	f := file(t)
	update(t, f, func(*contexts.Config) {})
	if err := os.WriteFile(f.Path(), []byte(": ["), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.Update(func(*contexts.Config) error { return nil }); err == nil {
		t.Error("a broken file was replaced")
	}
}
