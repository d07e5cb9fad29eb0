package config

import (
	"encoding"
	"reflect"
	"time"
)

// field is one key of a section.
type field struct {
	name  string
	value reflect.Value
	size  bool // an integer that also reads "64MiB": `config:"maxUploadBytes" unit:"bytes"`
}

// fields lists the keys of a struct. An embedded struct without a tag adds
// its keys; fields without a tag are not configuration.
func fields(v reflect.Value) []field {
	var out []field
	for i := range v.NumField() {
		f := v.Type().Field(i)
		tag, ok := f.Tag.Lookup("config")
		switch {
		case !ok && f.Anonymous && f.Type.Kind() == reflect.Struct:
			out = append(out, fields(v.Field(i))...)
		case ok && tag != "-" && f.IsExported():
			out = append(out, field{name: tag, value: v.Field(i), size: f.Tag.Get("unit") == "bytes"})
		}
	}
	return out
}

// leaves lists every key that environment and flags can set, by its path.
func leaves(v reflect.Value, path string) map[string]field {
	out := map[string]field{}
	for _, f := range fields(v) {
		p := join(path, f.name)
		if isSection(f.value) {
			for k, l := range leaves(f.value, p) {
				out[k] = l
			}
			continue
		}
		out[p] = f
	}
	return out
}

// isSection reports whether v holds keys of its own.
func isSection(v reflect.Value) bool {
	return v.Kind() == reflect.Struct && v.Type() != reflect.TypeFor[Ignored]() && v.Type() != reflect.TypeFor[time.Time]() && !isText(v)
}

func isText(v reflect.Value) bool {
	return reflect.PointerTo(v.Type()).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

func names(fs []field) []string {
	out := make([]string, len(fs))
	for i, f := range fs {
		out[i] = f.name
	}
	return out
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
