package config

import (
	"encoding"
	"encoding/json"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The types of keys, as operators know them.
const (
	TypeSection  = "section"
	TypeSections = "list of sections"
	TypeList     = "list"
	TypeMap      = "mapping"
	TypeText     = "text"
	TypeBool     = "true or false"
	TypeWhole    = "whole number"
	TypeNumber   = "number"
	TypeDuration = "duration"
	TypeSize     = "size"
	TypeSecret   = "secret"
)

// Key is what a configuration struct says of one of its keys. Package, Struct
// and Field tell where the comment is that explains it.
type Key struct {
	Path    string `json:"path"` // "providers[].name" is one of every entry
	Type    string `json:"type"`
	Unit    string `json:"unit,omitempty"`
	Default string `json:"default"` // as a file would have it
	Range   string `json:"range,omitempty"`
	Example string `json:"example,omitempty"`
	Help    string `json:"help,omitempty"` // words of the tag
	Package string `json:"package"`
	Struct  string `json:"struct"`
	Field   string `json:"field"`
	Ignored bool   `json:"ignored,omitempty"` // another program's
}

// Describe lists every key of a configuration, sections first, with what its
// defaults hold. The tags range, example and help say the rest; a tag default
// wins over the value, for what the program fills in later.
func Describe(defaults any) []Key {
	return describe(reflect.Indirect(reflect.ValueOf(defaults)), "")
}

func describe(v reflect.Value, path string) []Key {
	var out []Key
	for i := range v.NumField() {
		f := v.Type().Field(i)
		tag, ok := f.Tag.Lookup("config")
		if !ok && f.Anonymous && f.Type.Kind() == reflect.Struct {
			out = append(out, describe(v.Field(i), path)...)
		}
		if !ok || tag == "-" || !f.IsExported() {
			continue
		}
		k := Key{
			Path: join(path, tag), Type: typeOf(f), Unit: f.Tag.Get("unit"), Default: valueOf(v.Field(i), f), Range: f.Tag.Get("range"),
			Example: f.Tag.Get("example"), Help: f.Tag.Get("help"), Package: v.Type().PkgPath(), Struct: v.Type().Name(), Field: f.Name,
			Ignored: f.Type == reflect.TypeFor[Ignored](),
		}
		out = append(out, k)
		switch k.Type {
		case TypeSection:
			out = append(out, describe(v.Field(i), k.Path)...)
		case TypeSections:
			entry := reflect.New(f.Type.Elem()).Elem()
			if v.Field(i).Len() > 0 {
				entry = v.Field(i).Index(0)
			}
			out = append(out, describe(entry, k.Path+"[]")...)
		}
	}
	return out
}

func typeOf(f reflect.StructField) string {
	t := f.Type
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	v := reflect.New(t).Elem()
	switch {
	case f.Tag.Get("unit") == "secret":
		return TypeSecret
	case f.Tag.Get("unit") == "bytes" || t == reflect.TypeFor[Bytes]():
		return TypeSize
	case t == reflect.TypeFor[time.Duration]():
		return TypeDuration
	case isText(v) || t == reflect.TypeFor[Ignored]():
		return TypeText
	case isSection(v):
		return TypeSection
	}
	switch t.Kind() {
	case reflect.Slice:
		if isSection(reflect.New(t.Elem()).Elem()) {
			return TypeSections
		}
		return TypeList
	case reflect.Map:
		return TypeMap
	case reflect.Bool:
		return TypeBool
	case reflect.Float32, reflect.Float64:
		return TypeNumber
	case reflect.String:
		return TypeText
	default:
		return TypeWhole
	}
}

// valueOf writes a value as a file has it; "" is none.
func valueOf(v reflect.Value, f reflect.StructField) string {
	if usual, ok := f.Tag.Lookup("default"); ok {
		return usual
	}
	if v.Kind() == reflect.Pointer && v.IsNil() {
		return ""
	}
	v = reflect.Indirect(v)
	if m, ok := v.Interface().(encoding.TextMarshaler); ok && !v.IsZero() {
		b, err := m.MarshalText()
		if err != nil {
			return ""
		}
		return Scalar(string(b))
	}
	switch {
	case isText(v) && v.Kind() != reflect.String:
		return Scalar("")
	case v.Type() == reflect.TypeFor[time.Duration]():
		return span(time.Duration(v.Int()))
	case f.Tag.Get("unit") == "bytes":
		return Bytes(v.Int()).String()
	}
	switch v.Kind() {
	case reflect.Struct:
		return ""
	case reflect.Slice:
		return flow(v)
	case reflect.Map:
		return "{}"
	case reflect.String:
		return Scalar(v.String())
	case reflect.Float32, reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'g', -1, 64)
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	default:
		return strconv.FormatInt(v.Int(), 10)
	}
}

func flow(v reflect.Value) string {
	if v.Len() == 0 || isSection(v.Index(0)) {
		return "[]"
	}
	b, err := json.Marshal(v.Interface())
	if err != nil {
		return "[]"
	}
	return string(b)
}

// span is a duration without the zeros at its end.
func span(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// Scalar writes a text as YAML takes it, with quotes where it needs them.
func Scalar(s string) string {
	if regexp.MustCompile(`^[\pL\pN./][\pL\pN./:_+-]*$`).MatchString(s) && !strings.HasSuffix(s, ":") && s != "null" {
		return s
	}
	b, err := json.Marshal(s)
	if err != nil { // no text
		return `""`
	}
	return string(b)
}
