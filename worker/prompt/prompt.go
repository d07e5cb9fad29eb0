package prompt

import (
	"strings"

	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// Words are what a model is told.
type Words struct {
	Text     string
	Negative string
}

// Build joins style, place and the person's note. The person stays the
// person: that sentence comes first, because models weigh the beginning most.
func Build(s catalog.Style, p catalog.Place, o task.Options) Words {
	parts := []string{"Keep the person in the photo recognisable, with the same face, pose and clothing"}
	for _, part := range []string{p.Prompt, s.Prompt, o.Note} {
		if part = strings.Trim(strings.TrimSpace(part), ".,;"); part != "" {
			parts = append(parts, part)
		}
	}
	return Words{Text: strings.Join(parts, ". ") + ".", Negative: s.Negative}
}
