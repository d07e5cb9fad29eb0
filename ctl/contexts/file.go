package contexts

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/lockedfile"
	"go.yaml.in/yaml/v3"
)

// ErrUnknown says that there is no context of a name.
var ErrUnknown = errors.New("no such context")

// Context is one gateway: where its admin API is and where its token lies.
type Context struct {
	Name      string `yaml:"name" json:"name"`
	Server    string `yaml:"server" json:"server"`
	TokenFile string `yaml:"tokenFile,omitempty" json:"tokenFile,omitempty"`
	CAFile    string `yaml:"caFile,omitempty" json:"caFile,omitempty"` // authority of an https server

	InsecureHTTP bool `yaml:"insecureHttp,omitempty" json:"insecureHttp,omitempty"` // the token is sent by plain http too
}

// Config is the whole file.
type Config struct {
	Current  string    `yaml:"current,omitempty"`
	Previous string    `yaml:"previous,omitempty"` // to come back to when imgctl dev ends
	Contexts []Context `yaml:"contexts,omitempty"`
}

// Find returns a context by name.
func (c *Config) Find(name string) (Context, error) {
	i := slices.IndexFunc(c.Contexts, func(x Context) bool { return x.Name == name })
	if i < 0 {
		return Context{}, fmt.Errorf("%w: %q (known: %s)", ErrUnknown, name, strings.Join(c.Names(), ", "))
	}
	return c.Contexts[i], nil
}

// Names lists the names in the order of the file.
func (c *Config) Names() []string {
	names := make([]string, len(c.Contexts))
	for i, x := range c.Contexts {
		names[i] = x.Name
	}
	return names
}

// Put adds a context or replaces the one of the same name.
func (c *Config) Put(x Context) {
	c.Remove(x.Name)
	c.Contexts = append(c.Contexts, x)
}

// Remove forgets a context; it reports whether there was one.
func (c *Config) Remove(name string) bool {
	n := len(c.Contexts)
	c.Contexts = slices.DeleteFunc(c.Contexts, func(x Context) bool { return x.Name == name })
	return len(c.Contexts) < n
}

// File is where the contexts are kept.
type File struct{ path string }

// At is the file in $XDG_CONFIG_HOME/imgctl, else in ~/.config/imgctl.
func At(getenv func(string) string) File {
	base := getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(base) {
		base = filepath.Join(getenv("HOME"), ".config")
	}
	return File{path: filepath.Join(base, "imgctl", "contexts.yaml")}
}

// Path is the file's path, for messages.
func (f File) Path() string { return f.path }

// Load reads the file; one that is not there is empty.
func (f File) Load() (*Config, error) {
	raw, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return &Config{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("contexts: %w", err)
	}
	c := &Config{}
	if err := yaml.Unmarshal(raw, c); err != nil {
		return nil, fmt.Errorf("contexts: %s: %w", f.path, err)
	}
	return c, nil
}

// Update changes the file: readers see all of the change or nothing, and two
// writers go one after the other. Only its owner can read it.
func (f File) Update(change func(*Config) error) error {
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return fmt.Errorf("contexts: %w", err)
	}
	unlock, err := lockedfile.MutexAt(f.path + ".lock").Lock()
	if err != nil {
		return fmt.Errorf("contexts: %w", err)
	}
	defer unlock()
	c, err := f.Load()
	if err != nil {
		return err
	}
	if err := change(c); err != nil {
		return err
	}
	return f.write(c)
}

func (f File) write(c *Config) error {
	raw, err := yaml.Marshal(c)
	if err != nil {
		return fmt.Errorf("contexts: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(f.path), ".contexts.*") // 0600
	if err != nil {
		return fmt.Errorf("contexts: %w", err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	_, err = tmp.Write(raw)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), f.path)
	}
	if err != nil {
		return fmt.Errorf("contexts: %w", err)
	}
	return nil
}
