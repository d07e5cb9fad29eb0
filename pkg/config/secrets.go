package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/imgfleet/imgfleet/pkg/secret"
)

// Secrets lists the secrets of a configuration that are given, by their keys:
// c is a pointer to a struct that Load fills.
func Secrets(c any) []secret.Named { return secrets(reflect.ValueOf(c), "") }

func secrets(v reflect.Value, path string) []secret.Named {
	switch x := v.Interface().(type) {
	case secret.Ref:
		return named(path, x)
	case secret.URL:
		return named(path, x.Ref)
	}
	var out []secret.Named
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			out = secrets(v.Elem(), path)
		}
	case reflect.Struct:
		for _, f := range fields(v) {
			out = append(out, secrets(f.value, join(path, f.name))...)
		}
	case reflect.Slice:
		for i := range v.Len() {
			out = append(out, secrets(v.Index(i), fmt.Sprintf("%s[%d]", path, i))...)
		}
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, k := range keys {
			out = append(out, secrets(v.MapIndex(k), join(path, k.String()))...)
		}
	}
	return out
}

func named(path string, r secret.Ref) []secret.Named {
	if r.Empty() {
		return nil
	}
	return []secret.Named{{Key: path, Ref: r}}
}
