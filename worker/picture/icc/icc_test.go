package icc

import (
	"encoding/binary"
	"errors"
	"math"
	"testing"
)

// profile builds a file of tags.
func profile(space, connection string, tags map[string][]byte) []byte {
	head := make([]byte, 128)
	copy(head[16:], space)
	copy(head[20:], connection)
	copy(head[36:], "acsp")
	b := binary.BigEndian.AppendUint32(head, uint32(len(tags)))
	at := len(b) + 12*len(tags)
	var bodies []byte
	for name, body := range tags {
		b = append(b, name...)
		b = binary.BigEndian.AppendUint32(b, uint32(at+len(bodies)))
		b = binary.BigEndian.AppendUint32(b, uint32(len(body)))
		bodies = append(bodies, body...)
	}
	return append(b, bodies...)
}

func numbers(kind string, head []byte, values ...float64) []byte {
	b := append([]byte(kind+"\x00\x00\x00\x00"), head...)
	for _, v := range values {
		b = binary.BigEndian.AppendUint32(b, uint32(int32(math.Round(v*65536))))
	}
	return b
}

func gammaCurve(g float64) []byte {
	b := binary.BigEndian.AppendUint32([]byte("curv\x00\x00\x00\x00"), 1)
	return binary.BigEndian.AppendUint16(b, uint16(math.Round(g*256)))
}

func sampled(f func(float64) float64) []byte {
	b := binary.BigEndian.AppendUint32([]byte("curv\x00\x00\x00\x00"), 1024)
	for i := range 1024 {
		b = binary.BigEndian.AppendUint16(b, uint16(math.Round(65535*f(float64(i)/1023))))
	}
	return b
}

func rgb(m matrix, curve []byte) []byte {
	tags := map[string][]byte{"rTRC": curve, "gTRC": curve, "bTRC": curve}
	for i, name := range []string{"rXYZ", "gXYZ", "bXYZ"} {
		tags[name] = numbers("XYZ ", nil, m[0][i], m[1][i], m[2][i])
	}
	return profile("RGB ", "XYZ ", tags)
}

func srgbCurve() []byte {
	return numbers("para", []byte{0, 3, 0, 0}, 2.4, 1/1.055, 0.055/1.055, 1/12.92, 0.04045)
}

func adobeRGB() []byte {
	return rgb(matrix{{0.60974, 0.20528, 0.14919}, {0.31111, 0.62567, 0.06322}, {0.01947, 0.06087, 0.74457}}, gammaCurve(2.19921875))
}

func proPhoto() []byte {
	return rgb(matrix{{0.79767, 0.13519, 0.03134}, {0.28804, 0.71188, 0.00009}, {0, 0, 0.82491}}, gammaCurve(1.8))
}

type colour [3]byte

// What Little CMS 2.14 (transicc -t 1 -n) says of the same profiles.
func TestColoursAreThoseOfLittleCMS(t *testing.T) {
	t.Parallel()
	in := []colour{{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {200, 100, 50}, {128, 128, 128}, {30, 60, 90}, {10, 200, 180}}
	for name, c := range map[string]struct {
		file []byte
		want []colour
	}{
		"Display P3": {
			rgb(DisplayP3().matrix, srgbCurve()),
			[]colour{{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {215, 93, 31}, {128, 128, 128}, {17, 61, 93}, {0, 204, 180}},
		},
		"Display P3 by table": {
			rgb(DisplayP3().matrix, sampled(linear)),
			[]colour{{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {215, 93, 31}, {128, 128, 128}, {17, 61, 93}, {0, 204, 180}},
		},
		"Adobe RGB": {
			adobeRGB(),
			[]colour{{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {227, 100, 42}, {129, 129, 129}, {0, 57, 91}, {0, 201, 181}},
		},
		"ProPhoto RGB": {
			proPhoto(),
			[]colour{{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {255, 80, 47}, {146, 146, 146}, {0, 83, 114}, {0, 230, 191}},
		},
	} {
		p, err := Parse(c.file)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		tr := p.SRGB()
		for i, v := range in {
			r, g, b := tr.RGB(v[0], v[1], v[2])
			for ch, got := range []byte{r, g, b} {
				if d := int(got) - int(c.want[i][ch]); d > 1 || d < -1 {
					t.Errorf("%s: %v became %d %d %d, want %v", name, v, r, g, b, c.want[i])
					break
				}
			}
		}
	}
}

func TestWhatIsSRGBAlreadyIsLeftAlone(t *testing.T) {
	t.Parallel()
	for name, curve := range map[string][]byte{"formula": srgbCurve(), "table": sampled(linear)} {
		p, err := Parse(rgb(srgb(), curve))
		if err != nil {
			t.Fatal(err)
		}
		if p.SRGB() != nil {
			t.Errorf("%s: sRGB would be converted", name)
		}
	}
}

func TestGrayProfilesStayGray(t *testing.T) {
	t.Parallel()
	p, err := Parse(profile("GRAY", "XYZ ", map[string][]byte{"kTRC": gammaCurve(1.8)}))
	if err != nil || !p.Gray() {
		t.Fatal(p, err)
	}
	r, g, b := p.SRGB().RGB(128, 128, 128)
	if r != g || g != b || r < 145 || r > 148 {
		t.Errorf("gray 128 of gamma 1.8 became %d %d %d, want 146", r, g, b)
	}
}

func TestEveryKindOfFormulaIsRead(t *testing.T) {
	t.Parallel()
	for kind, c := range []struct {
		values []float64
		half   float64 // what the formula gives at one half
	}{
		{[]float64{2}, 0.25},
		{[]float64{2, 0.5, 0.5}, 0.5625},
		{[]float64{2, 0.5, 0.25, 0.125}, 0.375},
		{[]float64{2, 1, 0, 0.5, 0.75}, 0.25},
		{[]float64{2, 1, 0, 0.5, 0.25, 0.125, 0.0625}, 0.375},
	} {
		f, err := parametricCurve(numbers("para", []byte{0, byte(kind), 0, 0}, c.values...))
		if err != nil {
			t.Fatalf("kind %d: %v", kind, err)
		}
		if got := f(0.5); math.Abs(got-c.half) > 1e-4 {
			t.Errorf("kind %d: %v, want %v", kind, got, c.half)
		}
	}
}

func TestWhatCannotBeUsedIsTold(t *testing.T) {
	t.Parallel()
	good := rgb(srgb(), srgbCurve())
	many := append([]byte{}, good...)
	binary.BigEndian.PutUint32(many[128:], 1<<31)
	far := append([]byte{}, good...)
	binary.BigEndian.PutUint32(far[132+4:], 0xfffffff0)
	for name, c := range map[string]struct {
		file []byte
		want error
	}{
		"nothing": {nil, errBroken}, "cut": {good[:140], errBroken}, "too many tags": {many, errBroken}, "a tag outside": {far, errBroken},
		"no magic":         {make([]byte, 500), errBroken},
		"a printer":        {profile("CMYK", "Lab ", nil), ErrUnsupported},
		"a printer's cut":  {printer("mft2", 3)[:600], errBroken},
		"too large a grid": {printer("mft1", 255), errBroken},
		"another table":    {printer("mAB ", 3), ErrUnsupported},
		"no matrix":        {profile("RGB ", "XYZ ", nil), ErrUnsupported},
	} {
		if _, err := Parse(c.file); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(rgb(srgb(), srgbCurve()))
	f.Add(adobeRGB())
	f.Add(rgb(srgb(), sampled(linear)))
	f.Add(profile("GRAY", "XYZ ", map[string][]byte{"kTRC": gammaCurve(1.8)}))
	f.Add(printer("mft1", 2))
	f.Add(printer("mft2", 3))
	f.Fuzz(func(_ *testing.T, b []byte) {
		p, err := Parse(b)
		if err != nil {
			return
		}
		if p.IsCMYK() {
			p.table.color([channels]float64{0, 1, 0.4, 0.9})
			return
		}
		if tr := p.SRGB(); tr != nil {
			tr.RGB(1, 200, 255)
		}
	})
}
