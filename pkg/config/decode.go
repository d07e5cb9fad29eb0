package config

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// decoder lays values over a struct and collects what is wrong with them.
type decoder struct {
	source *Source
	faults []error
}

func (d *decoder) fault(key string, line int, reason string) {
	d.faults = append(d.faults, &Fault{Key: key, Line: line, Reason: reason})
}

// mapping lays a YAML mapping over a section. foreign names further keys that
// belong to somebody else.
func (d *decoder) mapping(n *yaml.Node, v reflect.Value, path string, foreign map[string]bool) {
	fs, seen := fields(v), map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, val := n.Content[i], n.Content[i+1]
		p := join(path, key.Value)
		if seen[key.Value] {
			d.fault(p, key.Line, "is given twice")
			continue
		}
		seen[key.Value] = true
		if f, ok := find(fs, key.Value); ok {
			d.node(val, f, p)
			if key.Line > 0 { // JSON has none
				d.source.written(p, place{line: key.Line})
			}
			continue
		}
		if !foreign[key.Value] {
			known := names(fs)
			for k := range foreign {
				known = append(known, k)
			}
			d.fault(p, key.Line, unknown("key", key.Value, known))
		}
	}
}

func find(fs []field, name string) (field, bool) {
	for _, f := range fs {
		if f.name == name {
			return f, true
		}
	}
	return field{}, false
}

// node lays one value over a field. An empty value (null) keeps the default.
func (d *decoder) node(n *yaml.Node, f field, path string) {
	v := f.value
	if isNull(n) || v.Type() == reflect.TypeFor[Ignored]() {
		return
	}
	if n.Line > 0 {
		d.source.written(path, place{line: n.Line})
	}
	switch {
	case isSection(v):
		if n.Kind != yaml.MappingNode {
			d.fault(path, n.Line, "must be a section with keys of its own")
			return
		}
		d.mapping(n, v, path, nil)
	case v.Kind() == reflect.Slice && !isText(v):
		d.list(n, f, path)
	case v.Kind() == reflect.Map:
		d.table(n, f, path)
	case n.Kind != yaml.ScalarNode:
		d.fault(path, n.Line, "must be a single value")
	default:
		if err := setText(f, n.Value); err != nil {
			d.fault(path, n.Line, err.Error())
		}
	}
}

// list replaces a slice: a list in the file is the whole list.
func (d *decoder) list(n *yaml.Node, f field, path string) {
	if n.Kind != yaml.SequenceNode {
		d.fault(path, n.Line, "must be a list")
		return
	}
	out := reflect.MakeSlice(f.value.Type(), len(n.Content), len(n.Content))
	for i, c := range n.Content {
		d.node(c, field{value: out.Index(i), size: f.size}, fmt.Sprintf("%s[%d]", path, i))
	}
	f.value.Set(out)
}

// table replaces a map with string keys.
func (d *decoder) table(n *yaml.Node, f field, path string) {
	if n.Kind != yaml.MappingNode || f.value.Type().Key().Kind() != reflect.String {
		d.fault(path, n.Line, "must be a mapping of names to values")
		return
	}
	out := reflect.MakeMap(f.value.Type())
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, elem := n.Content[i], reflect.New(f.value.Type().Elem()).Elem()
		name := reflect.ValueOf(key.Value).Convert(f.value.Type().Key())
		if out.MapIndex(name).IsValid() {
			d.fault(join(path, key.Value), key.Line, "is given twice")
		}
		d.node(n.Content[i+1], field{value: elem, size: f.size}, join(path, key.Value))
		out.SetMapIndex(name, elem)
	}
	f.value.Set(out)
}

// text lays a value from a flag or the environment over a field; lists and
// mappings are JSON.
func (d *decoder) text(s string, f field, key string) {
	branch := !isText(f.value) && (f.value.Kind() == reflect.Slice || f.value.Kind() == reflect.Map)
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
	if branch {
		var err error
		if n, err = parseJSON(s); err != nil {
			d.fault(key, 0, `must be JSON such as ["a","b"]: `+err.Error())
			return
		}
	}
	d.node(n, f, key)
}

// setText reads one value; the field keeps what it had when that fails.
func setText(f field, s string) error {
	v := f.value
	if v.Kind() == reflect.Pointer {
		p := reflect.New(v.Type().Elem())
		err := setText(field{value: p.Elem(), size: f.size}, s)
		if err == nil {
			v.Set(p)
		}
		return err
	}
	if isText(v) {
		p := reflect.New(v.Type())
		if err := p.Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(s)); err != nil {
			return err
		}
		v.Set(p.Elem())
		return nil
	}
	if v.Type() == reflect.TypeFor[time.Duration]() {
		return setDuration(v, s)
	}
	return setScalar(f, s)
}

func setDuration(v reflect.Value, s string) error {
	d, err := time.ParseDuration(s)
	if err != nil {
		return fmt.Errorf("must be a duration such as 15s, is %q", s)
	}
	v.SetInt(int64(d))
	return nil
}

func setScalar(f field, s string) error {
	v := f.value
	switch v.Kind() {
	case reflect.String:
		v.SetString(s)
	case reflect.Bool:
		if s != "true" && s != "false" {
			return fmt.Errorf("must be true or false, is %q", s)
		}
		v.SetBool(s == "true")
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return setInt(f, s)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		n, err := strconv.ParseUint(strings.ReplaceAll(s, "_", ""), 10, v.Type().Bits())
		if err != nil {
			return fmt.Errorf("must be a whole number, not negative, is %q", s)
		}
		v.SetUint(n)
	case reflect.Float32, reflect.Float64:
		n, err := strconv.ParseFloat(s, v.Type().Bits())
		if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
			return fmt.Errorf("must be a number, is %q", s)
		}
		v.SetFloat(n)
	default:
		return errors.New("has a type that configuration cannot read")
	}
	return nil
}

func setInt(f field, s string) error {
	if f.size {
		b, err := ParseBytes(s)
		if err == nil {
			f.value.SetInt(int64(b))
		}
		return err
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(s, "_", ""), 10, f.value.Type().Bits())
	if err != nil {
		return fmt.Errorf("must be a whole number, is %q", s)
	}
	f.value.SetInt(n)
	return nil
}
