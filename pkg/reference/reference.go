package reference

import (
	_ "embed"
	"encoding/json"
	"strings"
)

//go:embed keys.json
var generated []byte

// The programs that read the configuration.
const (
	Gateway = "gateway"
	Worker  = "worker"
	Dev     = "dev" // imgctl dev, for the vendors that it plays
)

// Key is one key.
type Key struct {
	Path    string   `json:"path"`  // "http.listen"; "providers[].name" is one of every entry
	Words   string   `json:"words"` // what it does
	Type    string   `json:"type"`  // one of the types of pkg/config
	Unit    string   `json:"unit,omitempty"`
	Default string   `json:"default"` // as a file would have it
	Range   string   `json:"range,omitempty"`
	Example string   `json:"example,omitempty"`
	Readers []string `json:"readers"` // programs
}

// Keys lists all keys in the order of the reference, sections before what they
// hold.
func Keys() []Key {
	var keys []Key
	if err := json.Unmarshal(generated, &keys); err != nil {
		panic("reference: keys.json was not generated: " + err.Error())
	}
	return keys
}

// Find returns a key by its path. An entry may have its number:
// providers[0].name is providers[].name.
func Find(path string) (k Key, known bool) {
	path = general(path)
	for _, k := range Keys() {
		if k.Path == path {
			return k, true
		}
	}
	return Key{}, false
}

func general(path string) string {
	var b strings.Builder
	inside := false
	for _, r := range path {
		switch {
		case r == '[':
			inside = true
			b.WriteString("[]")
		case r == ']':
			inside = false
		case !inside:
			b.WriteRune(r)
		}
	}
	return b.String()
}
