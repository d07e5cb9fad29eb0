package reference

import (
	"fmt"
	"strings"

	"github.com/imgfleet/imgfleet/pkg/config"
)

const head = `# Every key of imgfleet's configuration.
# Generated from the code by make generate; make verify finds it stale.
#
# One file serves gateway, worker and imgctl dev; each reads what is its own.
# A key of this file is commented out and shows its default, so the file as it
# stands configures nothing. Copy what you change. Where you start from:
# dev.yaml, single.yaml and production.yaml beside this file.
#
# A variable wins over the file: IMGFLEET_HTTP_LISTEN sets http.listen. Lists
# are JSON there: IMGFLEET_HTTP_CORSORIGINS='["https://www.example.com"]'.
# A secret is a reference: env:NAME or file:PATH.
#
# In brackets: who reads the key. 1…5 is a range, a|b is a choice.
`

// YAML writes keys as the reference for people: a file in which every key
// shows its default as a comment.
func YAML(keys []Key) string {
	var b strings.Builder
	b.WriteString(head)
	for _, k := range keys {
		depth := strings.Count(k.Path, ".")
		if depth == 0 {
			b.WriteString("\n")
		}
		k.write(&b, strings.Repeat("  ", depth))
	}
	return b.String()
}

// write tells an entry of a list by a hyphen at its first key.
func (k Key) write(b *strings.Builder, indent string) {
	for _, line := range wrap(k.Words, 100-len(indent)) {
		fmt.Fprintf(b, "%s# %s\n", indent, line)
	}
	name := k.Path[strings.LastIndex(k.Path, ".")+1:]
	if k.Type == config.TypeSection || k.Type == config.TypeSections {
		fmt.Fprintf(b, "%s# [%s]\n%s%s:\n", indent, strings.Join(k.Readers, ", "), indent, name)
		return
	}
	fmt.Fprintf(b, "%s# [%s] %s\n", indent, strings.Join(k.Readers, ", "), k.facts())
	value := k.Default
	if strings.Contains(value, " ") && !strings.HasPrefix(value, "[") && !strings.HasPrefix(value, `"`) {
		value = "" // words
	}
	lead := ""
	if strings.Contains(k.Path, "[]") {
		lead = "  "
		if strings.HasSuffix(k.Path, "[].name") {
			lead = "- "
		}
	}
	fmt.Fprintf(b, "%s#%s%s\n", indent, lead, strings.TrimSpace(name+": "+value))
}

// facts are type, unit, range, default and example.
func (k Key) facts() string {
	said := k.Type
	if k.Unit != "" && k.Unit != config.TypeSecret && k.Type != config.TypeSize {
		said += " of " + k.Unit
	}
	if k.Range != "" {
		said += ", " + k.Range
	}
	if k.Default != "" && k.Default != `""` && k.Default != "[]" {
		said += "; default " + k.Default
	} else {
		said += "; default none"
	}
	if k.Example != "" {
		said += "; e.g. " + k.Example
	}
	return said
}

// wrap breaks words into lines of at most width bytes where it can.
func wrap(words string, width int) []string {
	var lines []string
	line := ""
	for _, w := range strings.Fields(words) {
		if line != "" && len(line)+1+len(w) > width {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimSpace(line + " " + w)
	}
	return append(lines, line)
}
