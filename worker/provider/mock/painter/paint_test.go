package painter

import (
	"bytes"
	"image"
	"image/jpeg"
	"math"
	"sync"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func scene(t testing.TB, style, place string, seed int64) Scene {
	t.Helper()
	d := catalog.Builtin()
	s, okStyle := d.Style(style)
	p, okPlace := d.Place(place)
	if !okStyle || !okPlace {
		t.Fatalf("the catalogue has no %s or no %s", style, place)
	}
	return Scene{Style: s, Place: p, Seed: seed, Options: task.Options{Resolution: "128"}}
}

func paint(t testing.TB, photo []byte, s Scene) []byte {
	t.Helper()
	b, err := Paint(photo, s)
	if err != nil {
		t.Fatalf("%s in %s: %v", s.Style.ID, s.Place.ID, err)
	}
	return b
}

func open(t testing.TB, b []byte) *image.YCbCr {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	p, ok := img.(*image.YCbCr)
	if !ok {
		t.Fatalf("got %T", img)
	}
	return p
}

// small is a picture's gist: 24 × 24 cells of colour.
func small(t testing.TB, b []byte) *sheet {
	t.Helper()
	return fromYCbCr(open(t, b)).shrink(24, 24)
}

func (s *sheet) apart(o *sheet) float64 {
	var sum float64
	for i := range s.p {
		sum += math.Abs(float64(s.p[i]) - float64(o.p[i]))
	}
	return sum / float64(len(s.p))
}

func TestEveryStyleInEveryPlaceIsAPictureOfItsOwn(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("paints 168 pictures")
	}
	photo := person(t, 96, 128)
	d := catalog.Builtin()
	type named struct {
		name string
		gist *sheet
	}
	var all []named
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, s := range d.Styles {
		wg.Go(func() {
			for _, p := range d.Places {
				g := small(t, paint(t, photo, Scene{Style: s, Place: p, Seed: 1, Options: task.Options{Resolution: "128"}}))
				mu.Lock()
				all = append(all, named{s.ID + " in " + p.ID, g})
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	before := fromYCbCr(open(t, photo)).shrink(24, 24)
	closest, pair := math.MaxFloat64, ""
	for i, a := range all {
		if d := a.gist.apart(before); d < 12 {
			t.Errorf("%s is only %.1f away from the photo", a.name, d)
		}
		for _, b := range all[i+1:] {
			if d := a.gist.apart(b.gist); d < closest {
				closest, pair = d, a.name+" and "+b.name
			}
		}
	}
	t.Logf("%d pictures; the closest are %s, %.2f apart", len(all), pair, closest)
	if closest < 2.5 {
		t.Errorf("%s are only %.2f of 255 apart", pair, closest)
	}
}

func TestTheSameSeedGivesTheSameBytesAndAnotherSeedAnotherPicture(t *testing.T) {
	t.Parallel()
	photo := person(t, 96, 128)
	d := catalog.Builtin()
	for i, s := range d.Styles {
		p := d.Places[i%len(d.Places)]
		o := task.Options{Resolution: "128"}
		a := paint(t, photo, Scene{Style: s, Place: p, Seed: 1, Options: o})
		b := paint(t, photo, Scene{Style: s, Place: p, Seed: 1, Options: o})
		c := paint(t, photo, Scene{Style: s, Place: p, Seed: 2, Options: o})
		if !bytes.Equal(a, b) {
			t.Errorf("%s: the same seed gave other bytes", s.ID)
		}
		if d := small(t, a).apart(small(t, c)); d < 0.5 {
			t.Errorf("%s: another seed gave the same picture (%.2f apart)", s.ID, d)
		}
	}
}

func TestAspectAndResolutionAreHonoured(t *testing.T) {
	t.Parallel()
	photo := person(t, 120, 160)
	for _, c := range []struct {
		aspect, resolution string
		w, h               int
	}{
		{"", "1k", 768, 1024}, {"original", "1k", 768, 1024}, {"1:1", "1k", 1024, 1024}, {"3:4", "1k", 768, 1024},
		{"16:9", "1k", 1024, 576}, {"9:16", "2k", 1152, 2048}, {"4:3", "", 1280, 960},
	} {
		s := scene(t, "pixel", "moon", 1)
		s.Options = task.Options{Aspect: c.aspect, Resolution: c.resolution}
		b := open(t, paint(t, photo, s)).Rect
		if b.Dx() != c.w || b.Dy() != c.h {
			t.Errorf("%s %s: %d × %d, want %d × %d", c.aspect, c.resolution, b.Dx(), b.Dy(), c.w, c.h)
		}
	}
}

func TestUnknownTexturesAndBackdropsAreStillPainted(t *testing.T) {
	t.Parallel()
	s := Scene{Style: catalog.Style{ID: "x", Texture: "lace"}, Place: catalog.Place{ID: "y", Backdrop: "attic"}}
	s.Options.Resolution = "256"
	paint(t, person(t, 64, 64), s)
	s.Style.Palette = []string{"red"}
	if _, err := Paint(person(t, 64, 64), s); err == nil {
		t.Error("a colour that is none was accepted")
	}
	if _, err := Paint([]byte("no picture"), Scene{}); err == nil {
		t.Error("a photo that is none was accepted")
	}
}

func BenchmarkPaint(b *testing.B) {
	photo := person(b, 1536, 2048)
	d := catalog.Builtin()
	for i, s := range d.Styles {
		for _, res := range []string{"", "2k"} {
			b.Run(s.ID+"/"+res, func(b *testing.B) {
				for b.Loop() {
					paint(b, photo, Scene{Style: s, Place: d.Places[i], Seed: 1, Options: task.Options{Resolution: res}})
				}
			})
		}
	}
}
