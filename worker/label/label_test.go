package label

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"strings"
	"testing"
)

func labeller(t testing.TB) *Labeller {
	t.Helper()
	l, err := New(Defaults())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// canvas makes a picture whose brightness fill decides.
func canvas(w, h int, fill func(x, y int) byte) *image.YCbCr {
	p := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	for y := range h {
		for x := range w {
			p.Y[y*p.YStride+x] = fill(x, y)
		}
	}
	for i := range p.Cb {
		p.Cb[i], p.Cr[i] = byte(i*7), byte(i*13)
	}
	return p
}

func backgrounds() map[string]func(x, y int) byte {
	return map[string]func(x, y int) byte{
		"white":  func(int, int) byte { return 255 },
		"black":  func(int, int) byte { return 0 },
		"checks": func(x, y int) byte { return byte((x/4 + y/4) % 2 * 255) },
		"noise":  func(int, int) byte { return byte(rand.Uint32()) },
	}
}

func TestAPictureIsLabelledOnAnyBackgroundAndSize(t *testing.T) {
	t.Parallel()
	l := labeller(t)
	for name, fill := range backgrounds() {
		for _, size := range [][2]int{{64, 64}, {320, 240}, {1024, 576}, {341, 1024}, {333, 777}} {
			data, err := l.Label(canvas(size[0], size[1], fill), "task-1", 90)
			if err != nil {
				t.Fatal(err)
			}
			if err := l.Check(data); err != nil {
				t.Errorf("%s %v: %v", name, size, err)
			}
			a, err := Read(data)
			if err != nil || a.ProduceID != "task-1" || a.ContentProducer != "imgfleet" || a.PropagateID != "task-1" {
				t.Errorf("%s %v: metadata = %+v, %v", name, size, a, err)
			}
		}
	}
}

func TestTheTextIsAtLeastFivePercentOfTheShortSide(t *testing.T) {
	t.Parallel()
	l := labeller(t)
	for _, size := range [][2]int{{1024, 1024}, {2048, 1152}, {768, 1024}, {320, 240}} {
		m, err := layout(l.font, l.cfg.Text, bottomRight, size[0], size[1])
		if err != nil {
			t.Fatal(err)
		}
		top, bottom := m.glyphs.Rect.Max.Y, 0
		for y := range m.glyphs.Rect.Max.Y {
			for x := range m.glyphs.Rect.Max.X {
				if m.glyphs.AlphaAt(x, y).A > 64 {
					top, bottom = min(top, y), max(bottom, y)
				}
			}
		}
		if got, want := bottom-top+1, min(size[0], size[1])*5/100; got < want {
			t.Errorf("%v: text is %d px high, want at least %d", size, got, want)
		}
	}
}

func TestCheckRefusesWhatIsNotLabelled(t *testing.T) {
	t.Parallel()
	l := labeller(t)
	var plain bytes.Buffer
	if err := jpeg.Encode(&plain, canvas(400, 300, func(x, _ int) byte { return byte(x) }), nil); err != nil {
		t.Fatal(err)
	}
	onlyMetadata, err := embed(plain.Bytes(), AIGC{Label: "1", ContentProducer: "p", ProduceID: "1"})
	if err != nil {
		t.Fatal(err)
	}
	labelled, err := l.Label(canvas(400, 300, func(int, int) byte { return 90 }), "1", 90)
	if err != nil {
		t.Fatal(err)
	}
	img, err := jpeg.Decode(bytes.NewReader(labelled))
	if err != nil {
		t.Fatal(err)
	}
	var onlyMark bytes.Buffer
	if err := jpeg.Encode(&onlyMark, img, nil); err != nil {
		t.Fatal(err)
	}
	twice, err := embed(labelled, AIGC{Label: "1", ContentProducer: "p", ProduceID: "1"})
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"nothing": plain.Bytes(), "only metadata": onlyMetadata, "only the mark": onlyMark.Bytes(),
		"two labels": twice, "no picture": []byte("hello"), "empty": nil,
	} {
		if err := l.Check(data); !errors.Is(err, ErrUnlabelled) {
			t.Errorf("%s: %v, want ErrUnlabelled", name, err)
		}
	}
}

func TestHostileNamesStayData(t *testing.T) {
	t.Parallel()
	cfg := Defaults()
	cfg.ContentProducer = `</TC260:AIGC>"<&公司`
	l, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	data, err := l.Label(canvas(200, 200, func(int, int) byte { return 100 }), `a"b<c`, 90)
	if err != nil {
		t.Fatal(err)
	}
	a, err := Read(data)
	if err != nil || a.ContentProducer != cfg.ContentProducer || a.ProduceID != `a"b<c` {
		t.Errorf("metadata = %+v, %v", a, err)
	}
}

func TestAMarkThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "hello", "AI", "生成", "AI生成" + strings.Repeat("x", 30), "AI生成龘"} {
		cfg := Defaults()
		cfg.Text = text
		if _, err := New(cfg); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

func FuzzReadNeverPanics(f *testing.F) {
	l := labeller(f)
	data, err := l.Label(canvas(64, 64, func(int, int) byte { return 1 }), "x", 50)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x02"))
	f.Fuzz(func(_ *testing.T, b []byte) { _, _ = Read(b) })
}

func BenchmarkLabel2048(b *testing.B) {
	l := labeller(b)
	img := canvas(2048, 1536, func(x, y int) byte { return byte(x ^ y) })
	for b.Loop() {
		if _, err := l.Label(img, "x", 90); err != nil {
			b.Fatal(err)
		}
	}
}
