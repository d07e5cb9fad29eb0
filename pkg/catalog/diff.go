package catalog

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Difference is one field that two documents say differently; an entry is
// named by its id. "" stands for nothing.
type Difference struct {
	Path   string `json:"path"` // "styles.ink-wash.promptZh"
	Before string `json:"before"`
	After  string `json:"after"`
}

// Diff lists what differs between two documents but for the version, in the
// order of the paths.
func Diff(before, after *Document) []Difference {
	b, a := leaves(before), leaves(after)
	paths := maps.Clone(b)
	maps.Copy(paths, a)
	out := []Difference{}
	for _, p := range slices.Sorted(maps.Keys(paths)) {
		if b[p] != a[p] {
			out = append(out, Difference{Path: p, Before: b[p], After: a[p]})
		}
	}
	return out
}

// leaves flattens a document. The order of entries is a leaf of its own: it
// is the order in which people see them.
func leaves(d *Document) map[string]string {
	out := map[string]string{}
	raw, err := json.Marshal(d)
	if err != nil { // a document holds nothing that JSON cannot say
		return out
	}
	var tree map[string]any
	_ = json.Unmarshal(raw, &tree)
	delete(tree, "version")
	flatten(out, "", tree)
	return out
}

func flatten(out map[string]string, path string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for key, field := range v {
			flatten(out, join(path, key), field)
		}
	case []any:
		if ids := entries(v); len(ids) > 0 {
			out[join(path, "(order)")] = strings.Join(ids, " ")
			for i, entry := range v {
				flatten(out, join(path, ids[i]), entry)
			}
			return
		}
		raw, _ := json.Marshal(v)
		out[path] = string(raw)
	case string:
		out[path] = v
	default:
		raw, _ := json.Marshal(v)
		out[path] = string(raw)
	}
}

// entries are the ids of a list of entries, none when it is another list.
func entries(list []any) []string {
	var ids []string
	for _, item := range list {
		object, _ := item.(map[string]any)
		id, ok := object["id"].(string)
		if !ok {
			return nil
		}
		ids = append(ids, id)
	}
	return ids
}

func join(path, key string) string { return strings.TrimPrefix(path+"."+key, ".") }
