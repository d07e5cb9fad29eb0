package prompt_test

import (
	"fmt"

	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/prompt"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// The same job is asked of each model in its language and its spelling of a
// size. Numbers that a model does not take are not sent.
func ExampleBuilder_Build() {
	job := prompt.Input{
		Style:   catalog.Style{Prompt: "an ink painting", PromptZH: "水墨画", Defaults: catalog.Defaults{Steps: 30}},
		Place:   catalog.Place{Prompt: "by a lake", PromptZH: "湖边"},
		Options: task.Options{Aspect: "3:4", Resolution: "1k", Note: "with my cat"},
		Seed:    7,
	}
	builder := prompt.New()
	for _, model := range []string{"seedream-4.0", "qwen-image-edit-plus", "flux-kontext"} {
		profile, _ := prompt.Named(model)
		request, err := builder.Build(profile, job)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s: in %s, %s, steps %d, seed %d, note %q\n", model, request.Language, request.Size, request.Steps, request.Seed, request.Note)
	}
	// Output:
	// seedream-4.0: in zh, 880x1184, steps 0, seed -1, note "with my cat"
	// qwen-image-edit-plus: in zh, 880*1184, steps 0, seed 7, note "with my cat"
	// flux-kontext: in en, 880x1184, steps 30, seed 7, note "with my cat"
}

// A profile says how a provider's model wants to be asked.
func ExampleFor() {
	p := prompt.For("openai", "gpt-image-1")
	fmt.Println(p.Name, p.Language, p.Text.Most, p.Text.Unit, p.Size.Example())
	// Output: gpt-image-1 en 32000 characters 1024x1024
}
