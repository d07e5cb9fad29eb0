package heif

import (
	"encoding/binary"
	"os"
	"testing"
)

func quadrants(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile("../testdata/quadrants.heic")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func make1(kind string, parts ...[]byte) []byte {
	b := append(make([]byte, 4), kind...)
	for _, p := range parts {
		b = append(b, p...)
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)))
	return b
}

// photo has a primary item 1 with the given properties, all of them its own.
func photo(properties ...[]byte) []byte {
	assoc := []byte{0, 0, 0, 0, 0, 0, 0, 1, 0, 1, byte(len(properties))}
	for i := range properties {
		assoc = append(assoc, byte(i+1))
	}
	return append(make1("ftyp", []byte("heic\x00\x00\x00\x00mif1heic")), make1("meta", make([]byte, 4),
		make1("pitm", []byte{0, 0, 0, 0, 0, 1}),
		make1("iprp", make1("ipco", properties...), make1("ipma", assoc)))...)
}

func ispe(w, h uint32) []byte {
	b := binary.BigEndian.AppendUint32(make([]byte, 4), w)
	return make1("ispe", binary.BigEndian.AppendUint32(b, h))
}

func TestSizesAreThoseThatAreShown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file          []byte
		width, height int
	}{
		"an encoder's file": {quadrants(t), 160, 100},
		"plain":             {photo(ispe(4032, 3024)), 4032, 3024},
		"turned":            {photo(ispe(4032, 3024), make1("irot", []byte{3})), 3024, 4032},
		"upside down":       {photo(ispe(4032, 3024), make1("irot", []byte{2})), 4032, 3024},
		"huge":              {photo(ispe(0xffffffff, 0xffffffff)), 1 << 30, 1 << 30},
	} {
		info, err := Read(c.file)
		if err != nil || info.Width != c.width || info.Height != c.height || !Is(c.file) {
			t.Errorf("%s: %d × %d, is %v, %v; want %d × %d", name, info.Width, info.Height, Is(c.file), err, c.width, c.height)
		}
	}
}

func TestColoursAreFound(t *testing.T) {
	t.Parallel()
	named := make1("colr", []byte("nclx\x00\x0c\x00\x0d\x00\x06\x80"))
	info, err := Read(photo(ispe(100, 100), make1("colr", []byte("profPROFILE")), named))
	if err != nil || string(info.Profile) != "PROFILE" || info.Coded != (Coded{12, 13, 6, false}) {
		t.Errorf("%+v, %v", info, err)
	}
}

func TestColoursOfTilesAreThoseOfThePhoto(t *testing.T) {
	t.Parallel()
	b := photo(ispe(100, 100), make1("colr", []byte("profPROFILE")))
	b[len(b)-1] = 1 // the photo itself has its size twice
	if info, err := Read(b); err != nil || string(info.Profile) != "PROFILE" {
		t.Errorf("%+v, %v", info, err)
	}
}

func TestDamageIsTold(t *testing.T) {
	t.Parallel()
	good := photo(ispe(100, 100))
	for name, b := range map[string][]byte{
		"nothing": nil, "cut": good[:len(good)-1], "no size": photo(), "empty": photo(ispe(0, 100)),
		"only a type": make1("ftyp", []byte("heic\x00\x00\x00\x00")),
	} {
		if info, err := Read(b); err == nil {
			t.Errorf("%s: %+v", name, info)
		}
	}
	for _, brand := range []string{"avif", "isom", "qt  "} {
		if Is(make1("ftyp", []byte(brand+"\x00\x00\x00\x00mif1"))) {
			t.Errorf("%q is HEIC", brand)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(quadrants(f))
	f.Add(photo(ispe(4032, 3024), make1("irot", []byte{3}), make1("colr", []byte("nclx\x00\x0c\x00\x0d\x00\x06\x80"))))
	f.Add(withAlpha(f, "alpha-premultiplied.heic"))
	f.Add(pair(70000, 70001, "urn:mpeg:hevc:2015:auxid:1", 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		_ = Is(b)
		if info, err := Read(b); err == nil && (info.Width <= 0 || info.Height <= 0) {
			t.Errorf("%+v", info)
		} else if was, ok := Promote(b, info.Mask.Item); ok {
			if now, err := Read(b); err == nil && now.Mask.Item == info.Mask.Item {
				t.Errorf("%d is the photo in place of %d, and its own mask", info.Mask.Item, was)
			}
		}
		AsColour(b)
	})
}
