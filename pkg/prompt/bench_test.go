package prompt

import (
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func BenchmarkBuildWithANote(b *testing.B) {
	d, builder := catalog.Builtin(), New()
	p, _ := Named("seedream-4.0")
	in := Input{Style: d.Styles[0], Place: d.Places[0], Options: task.Options{Note: strings.Repeat("带上我的橘猫，", 28)}}
	for b.Loop() {
		if _, err := builder.Build(p, in); err != nil {
			b.Fatal(err)
		}
	}
}
