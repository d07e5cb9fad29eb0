package painter

import (
	"bytes"
	"image/jpeg"
	"testing"
)

// person paints a stand-in for a phone photo: somebody before a wall and a
// window, with soft light, so that tests need no picture of anybody.
func person(t testing.TB, w, h int) []byte {
	t.Helper()
	p := newPen(w, h, palette{{60, 70, 80}, {230, 225, 215}}, 5)
	p.sky(rgb{196, 204, 200}, rgb{226, 220, 206}, rgb{170, 150, 128})
	p.rect(rgb{236, 244, 250}, 1, 0.66, 0.08, 0.95, 0.5)
	p.rect(rgb{150, 130, 110}, 1, 0.8, 0.08, 0.81, 0.5)
	for range 40 {
		p.disc(rgb{70, 120, 70}, 0.5, p.roll(0.02, 0.2), p.roll(0.3, 0.75), p.roll(0.02, 0.05))
	}
	skin, hair, shirt := rgb{226, 178, 150}, rgb{44, 32, 30}, rgb{70, 104, 168}
	p.oval(hair, 1, 0.5, 0.36, 0.165, 0.2)
	p.rect(hair, 1, 0.36, 0.36, 0.64, 0.56)
	p.oval(shirt, 1, 0.5, 0.97, 0.34, 0.3)
	p.oval(shirt.scale(1.15), 0.6, 0.42, 0.95, 0.18, 0.24)
	p.poly(skin.scale(0.86), 1, pt{0.45, 0.5}, pt{0.55, 0.5}, pt{0.57, 0.7}, pt{0.43, 0.7})
	for i := range 12 {
		k := float32(i) / 12
		p.oval(skin.scale(0.84+0.2*k), 1, 0.5-0.02*k, 0.4-0.01*k, 0.125*(1-k*0.5), 0.17*(1-k*0.5))
	}
	p.oval(hair, 1, 0.5, 0.245, 0.13, 0.065)
	for _, x := range []float32{0.455, 0.545} {
		p.oval(rgb{250, 246, 240}, 1, x, 0.39, 0.022, 0.011)
		p.oval(rgb{40, 28, 24}, 1, x, 0.39, 0.01, 0.011)
		p.line(hair, 1, 0.008, pt{x - 0.026, 0.362}, pt{x + 0.024, 0.358})
	}
	p.line(skin.scale(0.72), 1, 0.006, pt{0.5, 0.4}, pt{0.493, 0.45})
	p.oval(rgb{190, 84, 84}, 1, 0.5, 0.495, 0.036, 0.011)
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, p.done().toYCbCr(), &jpeg.Options{Quality: 92}); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}
