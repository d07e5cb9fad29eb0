package photo

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
)

// Camera is a word in the EXIF of every photo, so that a check can look for
// it where no metadata may be left.
const Camera = "imgfleet-testcamera"

// Orientations of EXIF that matter here.
const (
	Upright = 1
	Rotated = 6 // the sensor's picture must be turned a quarter clockwise
)

// JPEG renders a landscape of the given stored size: sky, sun, hills and
// grain. orientation is written to the EXIF; the stored pixels are as the
// sensor saw them.
func JPEG(seed uint64, width, height, orientation int) ([]byte, error) {
	var body bytes.Buffer
	if err := jpeg.Encode(&body, scene(seed, width, height), &jpeg.Options{Quality: 88}); err != nil {
		return nil, err
	}
	exif := exif(orientation)
	out := make([]byte, 0, body.Len()+len(exif))
	out = append(out, body.Bytes()[:2]...) // SOI
	out = append(out, exif...)
	return append(out, body.Bytes()[2:]...), nil
}

func scene(seed uint64, width, height int) image.Image {
	r := rand.New(rand.NewPCG(seed, 1))
	sky, land := hue(r), hue(r)
	sunX, sunY, sunR := r.Float64(), r.Float64()*0.4, 0.05+r.Float64()*0.05
	phase, waves := r.Float64()*6, 2+r.Float64()*4
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			u, v := float64(x)/float64(width), float64(y)/float64(height)
			c := mix(sky, [3]float64{255, 250, 240}, v)
			if d := math.Hypot(u-sunX, v-sunY); d < sunR*3 {
				c = mix([3]float64{255, 244, 200}, c, math.Min(1, d/(sunR*3)))
			}
			if hill := 0.6 + 0.08*math.Sin(u*waves+phase) + 0.03*math.Sin(u*waves*5); v > hill {
				c = mix(land, [3]float64{20, 30, 20}, (v-hill)*2)
			}
			grain := r.NormFloat64() * 3
			img.SetRGBA(x, y, color.RGBA{clamp(c[0] + grain), clamp(c[1] + grain), clamp(c[2] + grain), 255})
		}
	}
	return img
}

func hue(r *rand.Rand) [3]float64 {
	return [3]float64{40 + r.Float64()*160, 60 + r.Float64()*140, 40 + r.Float64()*180}
}

func mix(a, b [3]float64, t float64) [3]float64 {
	t = math.Max(0, math.Min(1, t))
	return [3]float64{a[0] + (b[0]-a[0])*t, a[1] + (b[1]-a[1])*t, a[2] + (b[2]-a[2])*t}
}

func clamp(v float64) uint8 { return uint8(math.Max(0, math.Min(255, v))) }

// The few tags of TIFF that a phone's photo has and ours needs.
const (
	tagMake        = 0x010f
	tagOrientation = 0x0112
	tagGPS         = 0x8825
	tagLatRef      = 0x0001
	tagLat         = 0x0002
	typeASCII      = 2
	typeShort      = 3
	typeLong       = 4
	typeRational   = 5
)

// exif builds the APP1 segment: camera, orientation and a latitude.
func exif(orientation int) []byte {
	le := binary.LittleEndian
	camera := append([]byte(Camera), 0)
	const ifd0, entry = 8, 12
	cameraAt := uint32(ifd0 + 2 + 3*entry + 4)
	gpsAt := cameraAt + uint32(len(camera)) + uint32(len(camera))%2
	latAt := gpsAt + 2 + 2*entry + 4
	tiff := append([]byte("II*\x00"), 8, 0, 0, 0)
	add := func(tag, kind uint16, count, value uint32) {
		tiff = le.AppendUint32(le.AppendUint32(le.AppendUint16(le.AppendUint16(tiff, tag), kind), count), value)
	}
	tiff = le.AppendUint16(tiff, 3)
	add(tagMake, typeASCII, uint32(len(camera)), cameraAt)
	add(tagOrientation, typeShort, 1, uint32(orientation))
	add(tagGPS, typeLong, 1, gpsAt)
	tiff = append(le.AppendUint32(tiff, 0), camera...)
	if len(camera)%2 == 1 {
		tiff = append(tiff, 0)
	}
	tiff = le.AppendUint16(tiff, 2)
	add(tagLatRef, typeASCII, 2, uint32('N'))
	add(tagLat, typeRational, 3, latAt)
	tiff = le.AppendUint32(tiff, 0)
	for _, part := range [][2]uint32{{31, 1}, {14, 1}, {2420, 100}} {
		tiff = le.AppendUint32(le.AppendUint32(tiff, part[0]), part[1])
	}
	payload := append([]byte("Exif\x00\x00"), tiff...)
	segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(payload)+2))
	return append(segment, payload...)
}
