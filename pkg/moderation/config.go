package moderation

import (
	"github.com/imgfleet/imgfleet/pkg/check"
)

// Config says what judges.
type Config struct {
	// What judges. local judges words by rules and lets every picture pass.
	Kind string `config:"kind" range:"local"`
	// Words that refuse a note, besides the built-in ones.
	Words []string `config:"words" example:"[\"竞品名\"]"`
	// A file with such words in UTF-8, one a line. # begins a comment, ! an innocent phrase. At most 1 MiB.
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
