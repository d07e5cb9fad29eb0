package generate

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/provider"
)

func TestPicturesOfCampaignsAreBrandedAndNeverMixed(t *testing.T) {
	t.Parallel()
	b := setUp(t, nil)
	raw := colours(t, 256, 256)
	b.stub.make = func(context.Context, provider.Request, func(provider.Progress)) (provider.Picture, error) {
		return provider.Picture{Data: raw, Stable: "fixed"}, nil
	}
	marks := map[int]string{1: "", 2: "春茶节", 3: "秋茶节", 4: "春茶节"}
	for n := 1; n <= 4; n++ {
		a := b.attempt(n)
		a.BrandMark = marks[n]
		if o, _, err := b.generate(t.Context(), a); err != nil || o.Result != task.OK {
			t.Fatalf("outcome %+v, err %v", o, err)
		}
		for _, name := range []string{".jpg", ".thumb.jpg"} {
			if err := b.labels.Check(b.shelf.get(fmt.Sprintf("/%d%s", n, name))); err != nil {
				t.Errorf("%d%s: %v", n, name, err)
			}
		}
	}
	get := func(n int) []byte { return b.shelf.get(fmt.Sprintf("/%d.jpg", n)) }
	if bytes.Equal(get(1), get(2)) || bytes.Equal(get(2), get(3)) || bytes.Equal(get(1), get(3)) || !bytes.Equal(get(2), get(4)) {
		t.Error("pictures of different brands are the same, or those of one differ")
	}
}
