package moderation

import (
	"fmt"
	"os"
	"strings"

	"github.com/imgfleet/imgfleet/pkg/check"
)

// Config says what judges.
type Config struct {
	// What judges. local judges words by rules and lets every picture pass.
	Kind string `config:"kind" range:"local"`
	// Words that refuse a note, besides the built-in ones.
	Words []string `config:"words" example:"[\"竞品名\"]"`
	// A file with such words, one a line. # begins a comment, ! an innocent phrase.
	WordsFile string `config:"wordsFile" example:"/etc/imgfleet/words.txt"`
}

// Defaults judges text by the built-in rules and no pictures.
func Defaults() Config { return Config{Kind: "local"} }

// Validate names every value that cannot work.
func (c Config) Validate() error {
	var faults check.Faults
	faults.If(c.Kind != "local", "moderation.kind: %q is not supported by this build, want local", c.Kind)
	for i, w := range c.Words {
		faults.If(len(separated(w)) == 0, "moderation.words[%d]: holds no letter", i)
	}
	return faults.Err()
}

// all gives the built-in and the operator's words.
func (c Config) all() ([]string, error) {
	list := append(parse(builtin), c.Words...)
	if c.WordsFile == "" {
		return list, nil
	}
	b, err := os.ReadFile(c.WordsFile)
	if err != nil {
		return nil, fmt.Errorf("moderation.wordsFile: %w", err)
	}
	return append(list, parse(string(b))...), nil
}

// parse reads one word a line.
func parse(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}
