package double

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"net/http"
	"time"
)

const resultPath = "/results/"

type format struct {
	png           bool
	width, height int
}

type result struct {
	format  format
	expires time.Time
	fault   Fault
}

// Encoding is what a vendor's pictures are.
type Encoding bool

// The encodings.
const (
	JPEG Encoding = false
	PNG  Encoding = true
)

// Result makes a picture and gives its URL on this server, which is valid for
// life or for what the knobs say.
func (c *Call) Result(e Encoding, width, height int, life time.Duration) string {
	d := c.d
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.knobs.Expires > 0 {
		life = d.knobs.Expires
	}
	r := result{format: d.format(e, width, height), expires: time.Now().Add(life), fault: c.fault}
	id := d.id("picture-")
	d.results[id] = r
	scheme := "http://"
	if c.TLS != nil {
		scheme = "https://"
	}
	return scheme + c.Host + resultPath + id + "?signature=result-url-secret"
}

// Bytes makes a picture that is sent in the answer itself.
func (c *Call) Bytes(e Encoding, width, height int) []byte {
	if c.fault == NoPicture {
		return []byte("<html>no picture</html>")
	}
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	return c.d.draw(c.d.format(e, width, height))
}

func (d *Double) format(e Encoding, width, height int) format {
	width, height = max(width, 1), max(height, 1)
	if long := max(width, height); d.knobs.Side > 0 && long > d.knobs.Side {
		width, height = max(1, width*d.knobs.Side/long), max(1, height*d.knobs.Side/long)
	}
	return format{png: bool(e), width: width, height: height}
}

// draw paints a picture once for each size, so that measurements of a fleet do
// not measure this encoder.
func (d *Double) draw(f format) []byte {
	if b, ok := d.drawn[f]; ok {
		return b
	}
	img := image.NewRGBA(image.Rect(0, 0, f.width, f.height))
	for y := range f.height {
		for x := range f.width {
			img.SetRGBA(x, y, color.RGBA{R: uint8(x * 255 / f.width), G: uint8(y * 255 / f.height), B: uint8((x ^ y) & 0x7f), A: 255})
		}
	}
	var buf bytes.Buffer
	var err error
	if f.png {
		err = (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&buf, img)
	} else {
		err = jpeg.Encode(&buf, img, &jpeg.Options{Quality: 85})
	}
	if err != nil {
		panic(err) // into memory
	}
	d.drawn[f] = buf.Bytes()
	return d.drawn[f]
}

// serve is the object store behind the vendor.
func (d *Double) serve(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	res, ok := d.results[r.PathValue("id")]
	d.books.Downloads++
	var body []byte
	if ok {
		body = d.draw(res.format)
	}
	d.mu.Unlock()
	switch {
	case !ok:
		w.WriteHeader(http.StatusNotFound)
	case res.fault == Expired, time.Now().After(res.expires):
		w.WriteHeader(http.StatusForbidden)
	case res.fault == NoPicture:
		_, _ = w.Write([]byte("<html>no picture</html>"))
	default:
		w.Header().Set("Content-Type", "application/octet-stream") // object stores are not to be believed
		_, _ = w.Write(body)
	}
}
