package e2e_test

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/imgfleet/imgfleet/deploy/rig"
)

// shipped is one of the files that operators begin with.
type shipped struct {
	path string
	doc  yaml.Node
	env  map[string]string // what its comments ask for
}

// shippedFiles are those of deploy/config that are not generated.
func shippedFiles() []string { return []string{"dev", "single", "production"} }

// ship reads one of them and prepares what its comments ask for: secrets in
// the environment, and files in a directory of the test.
func ship(t *testing.T, name string) *shipped {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "config", name+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	s := &shipped{env: map[string]string{}}
	if err := yaml.Unmarshal(raw, &s.doc); err != nil {
		t.Fatal(err)
	}
	for _, p := range leaves(s.doc.Content[0], "") {
		if secret, ok := strings.CutPrefix(p.value.Value, "env:"); ok {
			s.env[secret] = "the-" + strings.ToLower(strings.ReplaceAll(secret, "_", "-"))
		}
	}
	if name == "production" {
		maps.Copy(s.env, map[string]string{
			"CDN_KEY": "abcdef123456", "HUNYUAN_SECRET": "an-id:a-key", "ADMIN_TOKEN": "the-token-of-operators",
			"IMGFLEET_HTTP_NODE": "a", "IMGFLEET_WORKER_ADVERTISE": "worker-1.internal:8090",
		})
	}
	s.paths(t, certify(t, "127.0.0.1"))
	return s
}

// write keeps a document as a file.
func (s *shipped) write(t *testing.T, doc *yaml.Node) string {
	t.Helper()
	raw, err := yaml.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// environ is the environment of a program, with what differs for it.
func (s *shipped) environ(more map[string]string) []string {
	env := rig.Environ(os.Environ())
	all := maps.Clone(s.env)
	maps.Copy(all, more)
	for _, k := range slices.Sorted(maps.Keys(all)) {
		env = append(env, k+"="+all[k])
	}
	return env
}

// leaf is a value of a document, or a whole list, by the path that faults name.
type leaf struct {
	path   string
	value  *yaml.Node
	parent *yaml.Node // the object that has it
	name   *yaml.Node // the key itself
}

// leaves lists every value below an object.
func leaves(n *yaml.Node, at string) (all []leaf) {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i < len(n.Content); i += 2 {
			value := n.Content[i+1]
			path := strings.TrimPrefix(at+"."+n.Content[i].Value, ".")
			all = append(all, leaf{path, value, n, n.Content[i]})
			all = append(all, leaves(value, path)...)
		}
	case yaml.SequenceNode:
		for i, item := range n.Content {
			all = append(all, leaves(item, fmt.Sprintf("%s[%d]", at, i))...)
		}
	}
	return all
}

// required says that a file marks the key.
func (l leaf) required() bool { return strings.TrimSpace(l.value.LineComment) == "# required" }

// remove takes the key out of its object, and returns what puts it back.
func (l leaf) remove() (restore func()) {
	before := l.parent.Content
	i := slices.IndexFunc(before, func(n *yaml.Node) bool { return n == l.name })
	l.parent.Content = slices.Concat(before[:i], before[i+2:])
	return func() { l.parent.Content = before }
}

// checkConfig asks a program what it would refuse.
func (s *shipped) checkConfig(t *testing.T, program, file string) (said string, refused bool) {
	t.Helper()
	programs, err := built()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), programs.Path(program), "-config", file, "-check-config")
	cmd.Env = s.environ(nil)
	out, err := cmd.CombinedOutput()
	return string(out), err != nil
}

func TestTheShippedFilesAreGood(t *testing.T) {
	t.Parallel()
	for _, name := range shippedFiles() {
		s := ship(t, name)
		for _, program := range []string{rig.Gateway, rig.Worker} {
			if said, refused := s.checkConfig(t, program, s.path); refused || strings.Contains(said, "warning") {
				t.Errorf("%s refuses %s.yaml: %s", program, name, said)
			}
		}
	}
}

// A value that is marked is needed, and whoever forgets it is told its name. No
// other value is. Sections and lists carry no mark.
func TestEveryRequiredKeyOfTheShippedFilesIsNamedWhenItIsMissing(t *testing.T) {
	t.Parallel()
	for name, least := range map[string]int{"single": 10, "production": 26} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := ship(t, name)
			marked := 0
			for _, l := range leaves(s.doc.Content[0], "") {
				if l.value.Kind != yaml.ScalarNode && !l.required() {
					continue
				}
				restore := l.remove()
				file := s.write(t, &s.doc)
				restore()
				switch named, said := s.named(t, file, l.path); {
				case l.required() && !named:
					t.Errorf("without %s: nobody names it in\n%s", l.path, said)
				case l.required():
					marked++
				case said != "":
					t.Errorf("%s is not marked, and without it\n%s", l.path, said)
				}
			}
			if marked < least {
				t.Errorf("%d keys are marked, want %d at least", marked, least)
			}
		})
	}
}

// What the comments ask of the environment is needed too.
func TestEveryVariableOfTheShippedFilesIsNamedWhenItIsMissing(t *testing.T) {
	t.Parallel()
	keys := map[string]string{"IMGFLEET_WORKER_ADVERTISE": "worker.advertise"} // else the reference is named
	for _, name := range shippedFiles() {
		s := ship(t, name)
		for _, variable := range slices.Sorted(maps.Keys(s.env)) {
			if variable == "IMGFLEET_HTTP_NODE" {
				continue // a warning: one gateway needs none
			}
			value := s.env[variable]
			delete(s.env, variable)
			if named, said := s.named(t, s.path, cmp.Or(keys[variable], "env:"+variable)); !named {
				t.Errorf("%s.yaml without %s: nobody names it in\n%s", name, variable, said)
			}
			s.env[variable] = value
		}
	}
}

// named reports whether a program that refuses the file names what is missing,
// and what was said by those that refuse it.
func (s *shipped) named(t *testing.T, file, missing string) (named bool, said string) {
	t.Helper()
	for _, program := range []string{rig.Gateway, rig.Worker} {
		if words, refused := s.checkConfig(t, program, file); refused {
			named, said = named || strings.Contains(words, missing), said+words
		}
	}
	return named, said
}
