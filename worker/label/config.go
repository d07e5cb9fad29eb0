package label

import (
	"strings"
	"unicode/utf8"

	"github.com/imgfleet/imgfleet/pkg/check"
)

// Config says who labels and with which words.
type Config struct {
	// ContentProducer is the provider's code or name, as compliance assigns
	// it. It is never invented: without one, the metadata says "imgfleet".
	ContentProducer string `config:"contentProducer"`
	// ContentPropagator distributes the pictures; "" means the producer does.
	ContentPropagator string `config:"contentPropagator"`
	// Text is the visible mark. It must say AI and that it generates.
	Text string `config:"text"`
}

// Defaults is a mark that satisfies the rules.
func Defaults() Config { return Config{ContentProducer: "imgfleet", Text: "AI生成"} }

const maxText = 20

// Validate refuses marks that would not count as one.
func (c Config) Validate() error {
	var faults check.Faults
	faults.If(c.ContentProducer == "", "label.contentProducer: is missing")
	faults.If(!strings.Contains(c.Text, "AI") && !strings.Contains(c.Text, "人工智能"), "label.text: must contain AI or 人工智能, is %q", c.Text)
	faults.If(!strings.Contains(c.Text, "生成") && !strings.Contains(c.Text, "合成"), "label.text: must contain 生成 or 合成, is %q", c.Text)
	faults.If(utf8.RuneCountInString(c.Text) > maxText, "label.text: must have at most %d characters", maxText)
	return faults.Err()
}
