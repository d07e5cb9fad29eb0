package admin

import (
	"bytes"
	"encoding/json"
	"net/http"

	"github.com/imgfleet/imgfleet/pkg/operator"
)

// patch lays a JSON merge patch (RFC 7396) over a document: a field that the
// patch names takes its value, null takes the field away, and all others stay.
// It refuses a field that the document does not have, and those that only the
// gateway writes.
func patch[T any](doc T, p operator.Patch, readOnly ...string) (out T, err error) {
	for _, name := range readOnly {
		if _, given := p[name]; given {
			return out, invalid("/"+name, "is written by the gateway only")
		}
	}
	old, err := json.Marshal(doc)
	if err != nil {
		return out, err
	}
	var fields map[string]any
	if err := strict(bytes.NewReader(old), &fields); err != nil {
		return out, err
	}
	merged, err := json.Marshal(merge(fields, p))
	if err != nil {
		return out, err
	}
	err = strict(bytes.NewReader(merged), &out)
	return out, err
}

// merge is MergePatch of RFC 7396, for objects.
func merge(into, p map[string]any) map[string]any {
	for name, value := range p {
		object, isObject := value.(map[string]any)
		switch {
		case value == nil:
			delete(into, name)
		case isObject:
			inner, _ := into[name].(map[string]any)
			if inner == nil {
				inner = map[string]any{}
			}
			into[name] = merge(inner, object)
		default:
			into[name] = value
		}
	}
	return into
}

// create reads the body of a request that begins something: its name, and
// beside it a patch of an empty document.
func create[T any](r *http.Request, readOnly ...string) (name string, doc T, err error) {
	var p operator.Patch
	if err := decode(r, &p); err != nil {
		return "", doc, err
	}
	name, _ = p["name"].(string)
	delete(p, "name")
	doc, err = patch(doc, p, readOnly...)
	return name, doc, err
}
