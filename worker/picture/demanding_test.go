package picture

import (
	"context"
	"image"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// costly is a sandbox whose decoders end.
type costly struct {
	asked int
	ends  fault.Code
}

func (c *costly) MaxPixels() int64 { return 1 << 30 }

func (c *costly) Decode(context.Context, []byte, int) (*image.YCbCr, image.Point, error) {
	c.asked++
	return nil, image.Point{}, fault.New(c.ends)
}

func TestAPhotoThatWasTooMuchIsNotDecodedAgainSoon(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/quadrants.heic")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		ends    fault.Code
		decoded int // before it is refused without
	}{
		"it used up its time":           {fault.PhotoTooDemanding, 1},
		"the machine ended the decoder": {fault.DecoderLost, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				box := &costly{ends: c.ends}
				n := New(Defaults(), box)
				try := func(want fault.Code, asked int) {
					t.Helper()
					if _, err := n.Normalise(t.Context(), raw, Limits{}); fault.CodeOf(err) != want || box.asked != asked {
						t.Errorf("decoded %d times: %v; want %s after %d", box.asked, err, want, asked)
					}
				}
				for i := range c.decoded - 1 {
					try(c.ends, i+1)
				}
				for range 3 {
					try(fault.PhotoTooDemanding, c.decoded)
				}
				if _, err := n.Open(t.Context(), raw); fault.CodeOf(err) != fault.PhotoTooDemanding || box.asked != c.decoded {
					t.Errorf("as a result: %v, decoded %d times", err, box.asked)
				}
				time.Sleep(demandingFor) //nolint:forbidigo // no time passes in a bubble
				if _, _ = n.Normalise(t.Context(), raw, Limits{}); box.asked != c.decoded+1 {
					t.Error("it is refused for ever")
				}
			})
		})
	}
}

func TestAPhotoThatWasTooMuchElsewhereIsNotDecoded(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/quadrants.heic")
	if err != nil {
		t.Fatal(err)
	}
	box := &costly{ends: fault.PhotoTooDemanding}
	_, err = New(Defaults(), box).Normalise(t.Context(), raw, Limits{})
	digest := fault.As(err).Params[fault.ParamSHA256]
	_, err = New(Defaults(), box).Normalise(t.Context(), raw, Limits{Demanding: []string{"ab", digest}})
	if fault.CodeOf(err) != fault.PhotoTooDemanding || box.asked != 1 {
		t.Errorf("decoded %d times: %v", box.asked, err)
	}
}

func TestOnlySoManyDemandingPhotosAreRemembered(t *testing.T) {
	t.Parallel()
	d := newDemanding(time.Now)
	for i := range demandingMost + 10 {
		_ = d.note(string(rune(i)), fault.New(fault.PhotoTooDemanding))
	}
	if len(d.lost) != demandingMost || len(d.order) != demandingMost || d.known(string(rune(0))) || !d.known(string(rune(demandingMost))) {
		t.Errorf("%d are remembered", len(d.lost))
	}
}
