package heif

import (
	"encoding/binary"
	"os"
	"testing"
)

func withAlpha(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("../testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// pair is a photo and another picture of half its size, numbered as given,
// that says what it is of the photo.
func pair(photo, other uint32, is string, wide byte) []byte {
	id := func(b []byte, v uint32) []byte {
		if wide == 1 {
			return binary.BigEndian.AppendUint32(b, v)
		}
		return binary.BigEndian.AppendUint16(b, uint16(v))
	}
	assoc := id([]byte{wide, 0, 0, 0, 0, 0, 0, 2}, photo)
	assoc = append(id(append(assoc, 1, 1), other), 2, 2, 3)
	auxl := append(id([]byte{}, other), 0, 1)
	infe := append(id([]byte{2 + wide, 0, 0, 1}, other), 0, 0, 'h', 'v', 'c', '1', 0)
	return append(make1("ftyp", []byte("heic\x00\x00\x00\x00mif1heic")), make1("meta", make([]byte, 4),
		make1("pitm", id([]byte{wide, 0, 0, 0}, photo)),
		make1("iinf", []byte{0, 0, 0, 0, 0, 1}, make1("infe", infe)),
		make1("iprp", make1("ipco", ispe(100, 80), ispe(50, 40), make1("auxC", append(make([]byte, 4), is...))), make1("ipma", assoc)),
		make1("iref", []byte{wide, 0, 0, 0}, make1("auxl", id(auxl, photo))))...)
}

func TestTheMaskOfAPhotoIsFound(t *testing.T) {
	t.Parallel()
	const opacity = "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\x00"
	for name, c := range map[string]struct {
		file []byte
		want Mask
	}{
		"of an encoder": {withAlpha(t, "alpha.heic"), Mask{2, 160, 100, false}},
		"premultiplied": {withAlpha(t, "alpha-premultiplied.heic"), Mask{2, 160, 100, true}},
		"opaque":        {quadrants(t), Mask{}},
		"short numbers": {pair(1, 7, opacity, 0), Mask{7, 50, 40, false}},
		"long numbers":  {pair(70000, 70001, opacity, 1), Mask{70001, 50, 40, false}},
		"depth":         {pair(1, 7, "urn:mpeg:hevc:2015:auxid:2\x00", 0), Mask{}},
		"brightness":    {pair(1, 7, "urn:com:apple:photo:2020:aux:hdrgainmap\x00", 0), Mask{}},
		"no last byte":  {pair(1, 7, "urn:mpeg:hevc:2015:auxid:1", 0), Mask{7, 50, 40, false}},
	} {
		if info, err := Read(c.file); err != nil || info.Mask != c.want {
			t.Errorf("%s: %+v, %v, want %+v", name, info.Mask, err, c.want)
		}
	}
}

func TestAMaskBecomesThePhotoAndBack(t *testing.T) {
	t.Parallel()
	for _, b := range [][]byte{pair(1, 7, "urn:mpeg:hevc:2015:auxid:1", 0), pair(70000, 70001, "urn:mpeg:hevc:2015:auxid:1", 1)} {
		before, _ := Read(b)
		was, ok := Promote(b, before.Mask.Item)
		if info, err := Read(b); !ok || err != nil || info.Width != 50 || info.Mask.Item != 0 {
			t.Errorf("%v, %+v, %v", ok, info, err)
		}
		if _, ok := Promote(b, was); ok {
			t.Error("a picture became the photo that is not listed")
		}
	}
	if _, ok := Promote(quadrants(t), 1<<16); ok {
		t.Error("a number that there is no room for")
	}
	b := withAlpha(t, "alpha.heic")
	if was, ok := Promote(b, 2); was != 1 || !ok {
		t.Error(was, ok)
	}
	if was, ok := Promote(b, 1); was != 2 || !ok {
		t.Error(was, ok)
	}
	if string(b) != string(withAlpha(t, "alpha.heic")) {
		t.Error("it is not as it was")
	}
}
