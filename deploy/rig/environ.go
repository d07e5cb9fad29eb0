package rig

import "strings"

// Environ keeps a developer's settings away from the programs.
func Environ(environ []string) []string {
	out := make([]string, 0, len(environ))
	for _, kv := range environ {
		if !strings.HasPrefix(kv, "IMGFLEET_") {
			out = append(out, kv)
		}
	}
	return out
}
