package label

import (
	"strings"
	"unicode/utf8"

	"github.com/imgfleet/imgfleet/pkg/check"
)

// Config says who labels and with which words.
type Config struct {
	// The code or name of the service that generates, as compliance assigns it; it stands in the metadata of every picture.
	ContentProducer string `config:"contentProducer" example:"001191110000MA0XXXXXXX0001"`
	// Who distributes the pictures. Empty means the producer does.
	ContentPropagator string `config:"contentPropagator" example:"001191110000MA0XXXXXXX0002"`
	// The visible mark. It must say AI (or 人工智能) and 生成 (or 合成).
	Text string `config:"text" range:"at most 20 characters" example:"本图由AI生成"`
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
