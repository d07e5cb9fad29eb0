package command

import (
	"slices"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/operator"
)

func TestAStyleIsWarnedOfInOneLine(t *testing.T) {
	t.Parallel()
	got := tooLong([]operator.TooLong{
		{Style: "lantern", Model: "irag-1.0", Over: 33, Unit: "characters"},
		{Style: "lantern", Model: "maas-qwen-image-edit", Over: 2, Unit: "tokens", Providers: []string{"maas", "maas-2"}},
		{Style: "oil", Model: "irag-1.0", Over: 1, Unit: "characters"},
	})
	want := []string{
		"Warning: style lantern is too long for irag-1.0 (33 characters over), maas-qwen-image-edit (2 tokens over, which draws for maas and maas-2)",
		"Warning: style oil is too long for irag-1.0 (1 characters over)",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
