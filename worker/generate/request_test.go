package generate

import (
	"context"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/provider"
)

// asked is a worker whose one provider is a model, and what it was asked for.
func asked(t *testing.T, kind, model string) (*bench, *[]provider.Request) {
	t.Helper()
	var got []provider.Request
	b := setUp(t, func(_ *Config, p *Parts) {
		p.Providers["stub"] = provider.New(provider.Config{Name: "stub", Kind: kind, Model: model}, &stub{
			make: func(_ context.Context, r provider.Request, _ func(provider.Progress)) (provider.Picture, error) {
				got = append(got, r)
				return provider.Picture{Data: colours(t, 64, 64)}, nil
			},
		}, provider.NewMetrics(nil))
	})
	return b, &got
}

func TestADriverIsToldWhatItsModelUnderstands(t *testing.T) {
	t.Parallel()
	d := catalog.Builtin()
	b, got := asked(t, "hunyuan", "")
	a := b.attempt(1)
	a.Style, a.Place, a.Options = d.Styles[0], d.Places[0], task.Options{Resolution: "2k", Steps: 20, Note: "带上橘猫"}
	a.PhotoWidth, a.PhotoHeight = 3000, 4000
	if o, _, err := b.generate(t.Context(), a); err != nil || o.Result != task.OK {
		t.Fatalf("%+v, %v", o, err)
	}
	r := (*got)[0]
	if r.Size != "888:1176" || r.Width != 888 || r.Height != 1176 || r.Steps != 0 || r.Negative != "" || r.Seed != 1<<32-1 {
		t.Errorf("request = %+v", r)
	}
	if !strings.Contains(r.Text, d.Styles[0].PromptZH) || !strings.Contains(r.Text, "「带上橘猫」") {
		t.Errorf("text = %q", r.Text)
	}
}

func TestAStyleThatAModelCannotReadCostsNothing(t *testing.T) {
	t.Parallel()
	b, got := asked(t, "qianfan", "irag-1.0")
	a := b.attempt(1)
	a.Style.PromptZH = strings.Repeat("细", 300)
	o, _, err := b.generate(t.Context(), a)
	if err != nil || o.Result != task.NotSent || o.Class != task.ClassInput || o.Code != "prompt_too_long" || len(*got) != 0 {
		t.Errorf("%+v, %v after %d calls", o, err, len(*got))
	}
	a = b.attempt(2)
	a.Style.PromptZH, a.VendorTask = strings.Repeat("细", 300), "v-1"
	if o, _, err := b.generate(t.Context(), a); err != nil || o.Result != task.OK || (*got)[0].VendorTask != "v-1" {
		t.Errorf("a call that was paid for: %+v, %v", o, err)
	}
}
