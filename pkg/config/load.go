package config

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"go.yaml.in/yaml/v3"
)

// Options say where values come from.
type Options struct {
	File     string            // YAML; "" for none
	Environ  []string          // as os.Environ gives it
	Flags    map[string]string // dotted path → value, only the flags that were given
	Sections []string          // further top-level keys that belong to other programs
}

// sections are the top-level keys of the one file; a program skips those it
// does not have.
func sections() []string {
	return []string{
		"environment", "http", "admin", "fleet", "data", "engine", "store", "cdn", "session", "limits", "retention", "providers",
		"egress", "fallback", "dispatch", "objectives", "moderation", "label", "picture", "worker", "simulate", "tls", "log",
	}
}

// Load fills dst, a pointer to a struct that holds the defaults: flags win
// over environment over file over what is there. Fields are named by a
// `config:"camelName"` tag; structs are sections; text types such as
// time.Duration, Bytes or netip.Prefix are read by their own rules. Lists
// replace. When dst has a Validate method, its faults are joined to those of
// reading, so that an operator sees everything that is wrong at once.
func Load(dst any, o Options) error {
	_, err := Read(dst, o)
	return err
}

// Read is Load, and says where every key was written. The source is nil when
// there was nothing to be read: then dst holds its defaults.
func Read(dst any, o Options) (*Source, error) {
	v := reflect.ValueOf(dst)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return nil, fmt.Errorf("config: need a pointer to a struct, got %T", dst)
	}
	top, err := load(o.File)
	if err != nil {
		return nil, err
	}
	s := &Source{file: o.File, empty: o.File != "" && (top == nil || len(top.Content) == 0), places: map[string]place{}}
	return s, lay(dst, v.Elem(), top, o, s)
}

func load(file string) (*yaml.Node, error) {
	if file == "" {
		return nil, nil
	}
	data, err := readFile(file)
	if err != nil {
		return nil, fmt.Errorf("-config: %w", err)
	}
	top, err := parseYAML(data)
	if err != nil {
		return nil, fmt.Errorf("-config: %s is no configuration file: %w", file, err)
	}
	return top, nil
}

func lay(dst any, v reflect.Value, top *yaml.Node, o Options, s *Source) error {
	foreign := map[string]bool{}
	for _, s := range slices.Concat(sections(), o.Sections) {
		foreign[s] = true
	}
	for _, f := range fields(v) {
		delete(foreign, f.name)
	}
	d := &decoder{source: s}
	if top != nil {
		d.mapping(top, v, "", foreign)
	}
	keys := leaves(v, "")
	d.environ(o.Environ, keys, foreign, references(top, o.Environ))
	for _, path := range slices.Sorted(maps.Keys(o.Flags)) {
		if f, ok := keys[path]; ok {
			d.text(o.Flags[path], f, path)
		} else {
			d.fault(path, 0, unknown("flag", path, slices.Collect(maps.Keys(keys))))
		}
	}
	if c, ok := dst.(interface{ Validate() error }); ok {
		d.faults = append(d.faults, s.Locate(c.Validate()))
	}
	return errors.Join(d.faults...)
}
