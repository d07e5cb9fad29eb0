package rig

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
)

// Home is where a run keeps configuration, data and logs.
type Home struct {
	dir  string
	mine bool // it is temporary
}

// NewHome makes the directory, or a temporary one when dir is empty.
func NewHome(dir, program string) (h Home, err error) {
	if dir == "" {
		dir, err = os.MkdirTemp("", "imgfleet-"+program+"-")
		return Home{dir, true}, err
	}
	if dir, err = filepath.Abs(dir); err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	return Home{dir: dir}, err
}

// Dir is the directory.
func (h Home) Dir() string { return h.dir }

// Leave removes a temporary directory after a run in which all was well, and
// says where to look after any other.
func (h Home) Leave(clean bool, progress io.Writer) {
	switch {
	case !clean:
		_, _ = fmt.Fprintln(progress, "data and logs are in", h.dir)
	case h.mine:
		_ = os.RemoveAll(h.dir)
	}
}

// Configured describes a process of a program and writes its configuration
// and log below dir. It ends when this process does.
func (p Programs) Configured(dir, name, program string, env []string, config map[string]any, args ...string) (*Process, error) {
	config = maps.Clone(config)
	config["environment"], config["log"] = "dev", map[string]any{"level": "info", "format": "json"}
	data, err := json.MarshalIndent(config, "", "  ") // JSON is YAML
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, name+".yaml")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		return nil, err
	}
	args = append([]string{"-config", file, "-exit-with-stdin"}, args...)
	return New(name, p.Path(program), filepath.Join(dir, name+".log"), env, args...), nil
}
