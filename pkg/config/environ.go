package config

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Prefix starts the name of every variable that is configuration.
const Prefix = "IMGFLEET_"

// EnvName is the variable that sets a path: "limits.sessionDaily" is set by
// IMGFLEET_LIMITS_SESSIONDAILY.
func EnvName(path string) string {
	return Prefix + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
}

// environ applies the environment to the keys. It skips variables of other
// programs' sections, and variables that hold a secret to which a key refers.
// Any other unknown variable is a fault.
func (d *decoder) environ(environ []string, keys map[string]field, foreign map[string]bool, refs map[string]bool) {
	byName := make(map[string]string, len(keys))
	for path := range keys {
		byName[EnvName(path)] = path
	}
	known := make([]string, 0, len(byName))
	for name := range byName {
		known = append(known, name)
	}
	slices.Sort(known)
	environ = slices.Clone(environ)
	slices.Sort(environ)
	for _, kv := range environ {
		name, value, ok := strings.Cut(kv, "=")
		if !ok || !strings.HasPrefix(name, Prefix) {
			continue
		}
		path, found := byName[name]
		switch {
		case found:
			d.text(value, keys[path], name)
			d.source.written(path, place{variable: name})
		case refs[name] || isForeign(name, foreign) || isServiceLink(name, value):
		default:
			d.fault(name, 0, unknown("variable", name, known))
		}
	}
}

// isForeign reports whether name sets a key of another program's section.
func isForeign(name string, foreign map[string]bool) bool {
	for section := range foreign {
		e := EnvName(section)
		if name == e || strings.HasPrefix(name, e+"_") {
			return true
		}
	}
	return false
}

// isServiceLink reports whether Kubernetes or Docker injects a variable for a
// service: a service called "imgfleet" must not stop the program.
func isServiceLink(name, value string) bool {
	switch {
	case strings.HasSuffix(name, "_SERVICE_HOST"), strings.HasSuffix(name, "_SERVICE_PORT"), strings.Contains(name, "_SERVICE_PORT_"):
		return true
	case strings.HasSuffix(name, "_PORT"):
		return strings.Contains(value, "://")
	default:
		_, rest, ok := strings.Cut(name, "_PORT_")
		return ok && (strings.Contains(rest, "_TCP") || strings.Contains(rest, "_UDP"))
	}
}

// references collects the variables that secrets are read from, written
// "env:NAME" anywhere in the file or the environment.
func references(n *yaml.Node, environ []string) map[string]bool {
	refs := map[string]bool{}
	collect(n, refs)
	for _, kv := range environ {
		if _, v, ok := strings.Cut(kv, "="); ok && strings.HasPrefix(kv, Prefix) {
			for part := range strings.SplitSeq(v, `"`) { // also inside a JSON list
				addReference(part, refs)
			}
		}
	}
	return refs
}

func collect(n *yaml.Node, refs map[string]bool) {
	if n == nil {
		return
	}
	if n.Kind == yaml.ScalarNode {
		addReference(n.Value, refs)
	}
	for _, c := range n.Content {
		collect(c, refs)
	}
}

func addReference(v string, refs map[string]bool) {
	if name, ok := strings.CutPrefix(v, "env:"); ok {
		refs[name] = true
	}
}
