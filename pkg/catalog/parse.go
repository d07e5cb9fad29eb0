package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// Parse reads and validates a document from outside. It says everything that
// is wrong at once: unknown fields, wrong types and impossible values, each at
// its JSON pointer.
func Parse(data []byte) (*Document, error) {
	if len(data) > MaxBytes {
		return nil, fault.New(fault.BodyTooLarge).With("most", "192 KiB")
	}
	var tree any
	dec := json.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&tree); err != nil {
		return nil, fault.Wrap(fault.InvalidJSON, err).At("", fault.FieldSyntax, err.Error())
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fault.Wrap(fault.InvalidJSON, errors.New("something follows the document"))
	}
	v := &validator{}
	v.shape("", tree, reflect.TypeFor[Document]())
	var d Document
	var wrong *json.UnmarshalTypeError
	if err := json.Unmarshal(data, &d); err != nil && !errors.As(err, &wrong) {
		return nil, fault.Wrap(fault.InvalidJSON, err).At("", fault.FieldSyntax, err.Error())
	}
	v.document(&d)
	if v.fault == nil {
		return &d, nil
	}
	return nil, v.fault
}

// shape compares decoded JSON with the type it shall fill. It stands beside
// json's own strict mode because that one stops at the first fault.
func (v *validator) shape(p string, value any, t reflect.Type) {
	switch t.Kind() {
	case reflect.Struct:
		object, ok := value.(map[string]any)
		if v.check(ok, p, "must be an object"); !ok {
			return
		}
		known := fields(t)
		for _, key := range slices.Sorted(maps.Keys(object)) {
			field, ok := known[key]
			if v.check(ok, p+"/"+escape(key), "is not a field here"); ok {
				v.shape(p+"/"+key, object[key], field)
			}
		}
	case reflect.Slice, reflect.Array:
		list, ok := value.([]any)
		v.check(ok, p, "must be a list")
		if t.Kind() == reflect.Array && ok {
			v.check(len(list) == t.Len(), p, fmt.Sprintf("must have %d values", t.Len()))
		}
		for i, item := range list {
			v.shape(fmt.Sprintf("%s/%d", p, i), item, t.Elem())
		}
	case reflect.String:
		_, ok := value.(string)
		v.check(ok, p, "must be text")
	case reflect.Int:
		n, ok := value.(float64)
		v.check(ok && n == float64(int(n)), p, "must be a whole number")
	default:
		_, ok := value.(float64)
		v.check(ok, p, "must be a number")
	}
}

// fields are the JSON names of a struct's fields.
func fields(t reflect.Type) map[string]reflect.Type {
	out := make(map[string]reflect.Type, t.NumField())
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		out[name] = t.Field(i).Type
	}
	return out
}

// escape writes a key as a part of a JSON pointer.
func escape(key string) string {
	if len(key) > 60 {
		key = strings.ToValidUTF8(key[:60], "") + "…"
	}
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
}
