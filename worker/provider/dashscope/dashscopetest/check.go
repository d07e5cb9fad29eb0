package dashscopetest

import (
	"strings"
	"unicode/utf8"

	"github.com/imgfleet/imgfleet/worker/provider/double"
)

// request is both protocols' body, with pointers where a default would do
// harm.
type request struct {
	Model string `json:"model"`
	Input struct {
		Prompt         string   `json:"prompt"`
		NegativePrompt string   `json:"negative_prompt"`
		Images         []string `json:"images"`
		Messages       []struct {
			Role    string `json:"role"`
			Content []struct {
				Image string `json:"image"`
				Text  string `json:"text"`
			} `json:"content"`
		} `json:"messages"`
	} `json:"input"`
	Parameters struct {
		N              *int    `json:"n"`
		Size           *string `json:"size"`
		NegativePrompt string  `json:"negative_prompt"`
		Seed           *int64  `json:"seed"`
		PromptExtend   *bool   `json:"prompt_extend"`
		Interleave     *bool   `json:"enable_interleave"`
		Watermark      *bool   `json:"watermark"`
	} `json:"parameters"`

	width, height int
}

// rules are one model's.
type rules struct {
	sync                  bool
	prompt, negative      int // characters; negative 0: there is none
	sized, must           bool
	area                  area
	interleave, noExtends bool
}

func (r *request) rules() (rules, bool) {
	wan := area{least: 768 * 768, most: 1280 * 1280, ratio: 4}
	for _, m := range []struct {
		prefix string
		rules  rules
	}{
		{"wan2.5-i2i", rules{prompt: 2000, negative: 500, sized: true, area: wan}},
		{"qwen-image-edit-plus", rules{sync: true, prompt: 800, negative: 500, sized: true, area: area{sideLeast: 512, sideMost: 2048, ratio: 4}}},
		{"qwen-image-edit-max", rules{sync: true, prompt: 800, negative: 500, sized: true, area: area{sideLeast: 512, sideMost: 2048, ratio: 4}}},
		{"qwen-image-edit", rules{sync: true, prompt: 800, negative: 500}},
		{"qwen-image-", rules{sync: true, prompt: 800, sized: true, must: true, area: area{least: 512 * 512, most: 2048 * 2048, ratio: 4}}},
		{"wan2.6-image", rules{sync: true, prompt: 2000, negative: 500, sized: true, area: wan, interleave: true}},
		{"wan2.7-image", rules{sync: true, prompt: 5000, sized: true, area: area{least: 768 * 768, most: 2048 * 2048, ratio: 8}, noExtends: true}},
	} {
		if strings.HasPrefix(r.Model, m.prefix) {
			return m.rules, true
		}
	}
	return rules{}, false
}

// checkJob judges a job of the older protocol.
func (r *request) checkJob(c *double.Call) {
	rules, ok := r.rules()
	if !ok || rules.sync {
		c.Violation("model %q has no jobs", r.Model)
		return
	}
	if len(r.Input.Messages) > 0 || r.Parameters.NegativePrompt != "" {
		c.Violation("messages and parameters.negative_prompt belong to the other protocol")
	}
	r.check(c, rules, r.Input.Prompt, r.Input.NegativePrompt, r.Input.Images)
}

// checkCall judges a call: one message of pictures and one text.
func (r *request) checkCall(c *double.Call) {
	rules, ok := r.rules()
	if !ok || !rules.sync {
		c.Violation("model %q takes jobs only", r.Model)
		return
	}
	if len(r.Input.Messages) != 1 || r.Input.Messages[0].Role != "user" || r.Input.Prompt != "" || r.Input.NegativePrompt != "" {
		c.Violation("input is not one message of the user")
		return
	}
	var texts, images []string
	for _, p := range r.Input.Messages[0].Content {
		if p.Text != "" {
			texts = append(texts, p.Text)
		}
		if p.Image != "" {
			images = append(images, p.Image)
		}
	}
	if len(texts) != 1 {
		c.Violation("%d texts, want exactly one", len(texts))
		return
	}
	r.check(c, rules, texts[0], r.Parameters.NegativePrompt, images)
}

func (r *request) check(c *double.Call, m rules, prompt, negative string, images []string) {
	p := r.Parameters
	if p.N == nil || *p.N != 1 {
		c.Violation("n is not 1: the vendor's default is four pictures")
	}
	if p.Watermark == nil || *p.Watermark {
		c.Violation("watermark is not switched off")
	}
	if m.noExtends != (p.PromptExtend == nil) || p.PromptExtend != nil && *p.PromptExtend {
		c.Violation("prompt_extend must be false where the model has it")
	}
	if m.interleave != (p.Interleave != nil) || p.Interleave != nil && *p.Interleave {
		c.Violation("enable_interleave must be false where the model has it")
	}
	if p.Seed == nil || *p.Seed < 0 || *p.Seed > 2147483647 {
		c.Violation("seed is missing or out of range: the vendor draws one that nobody knows")
	}
	if n := utf8.RuneCountInString(prompt); n == 0 || n > m.prompt {
		c.Violation("prompt has %d characters", n) // the vendor cuts in silence
	}
	if n := utf8.RuneCountInString(negative); n > m.negative {
		c.Violation("negative prompt has %d characters", n)
	}
	limits := double.Photo{Bytes: 10 << 20, Least: 384, Most: 5000, Ratio: 4}
	if len(images) != 1 {
		c.Violation("%d pictures", len(images))
	} else if err := limits.DataURI(images[0]); err != nil {
		c.Violation("image: %v", err)
	}
	r.sized(c, m)
}

func (r *request) sized(c *double.Call, m rules) {
	r.width, r.height = 1024, 1024
	if r.Parameters.Size == nil {
		if m.must {
			c.Violation("size is missing: the vendor bills 2K")
		}
		return
	}
	if !m.sized {
		c.Violation("size must not be sent to this model")
		return
	}
	var err error
	if r.width, r.height, err = m.area.size(*r.Parameters.Size); err != nil {
		c.Violation("size: %v", err)
	}
}
