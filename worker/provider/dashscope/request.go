package dashscope

import (
	"strings"

	"github.com/imgfleet/imgfleet/worker/provider"
)

// parameters are written whole: left to the vendor, some models draw four
// pictures and bill four, others rewrite the prompt.
type parameters struct {
	N              int    `json:"n"`
	Size           string `json:"size,omitempty"`
	NegativePrompt string `json:"negative_prompt,omitempty"`
	Seed           *int64 `json:"seed,omitempty"`
	PromptExtend   *bool  `json:"prompt_extend,omitempty"`
	Interleave     *bool  `json:"enable_interleave,omitempty"`
	Watermark      bool   `json:"watermark"`
}

func common(model string, r provider.Request) parameters {
	p := parameters{N: 1, Size: strings.ReplaceAll(r.Size, "x", "*")}
	if r.Seed >= 0 {
		p.Seed = &r.Seed
	}
	no := false
	if !strings.HasPrefix(model, "wan2.7") { // it has another way of thinking a prompt over
		p.PromptExtend = &no
	}
	if strings.HasPrefix(model, "wan2.6") {
		p.Interleave = &no // else it answers with text between pictures
	}
	return p
}

type jobRequest struct {
	Model string `json:"model"`
	Input struct {
		Prompt         string   `json:"prompt"`
		NegativePrompt string   `json:"negative_prompt,omitempty"`
		Images         []string `json:"images"`
	} `json:"input"`
	Parameters parameters `json:"parameters"`
}

func job(model string, r provider.Request, photo string) jobRequest {
	q := jobRequest{Model: model, Parameters: common(model, r)}
	q.Input.Prompt, q.Input.NegativePrompt, q.Input.Images = r.Text, r.Negative, []string{photo}
	return q
}

type part struct {
	Image string `json:"image,omitempty"`
	Text  string `json:"text,omitempty"`
}

type turn struct {
	Role    string `json:"role"`
	Content []part `json:"content"`
}

type messageRequest struct {
	Model string `json:"model"`
	Input struct {
		Messages []turn `json:"messages"`
	} `json:"input"`
	Parameters parameters `json:"parameters"`
}

func message(model string, r provider.Request, photo string) messageRequest {
	q := messageRequest{Model: model, Parameters: common(model, r)}
	q.Input.Messages = []turn{{Role: "user", Content: []part{{Image: photo}, {Text: r.Text}}}}
	q.Parameters.NegativePrompt = r.Negative
	return q
}
