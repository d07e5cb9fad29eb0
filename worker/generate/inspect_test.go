package generate

import (
	"runtime"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/turns"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
	"github.com/imgfleet/imgfleet/worker/picture"
)

func TestInspectJudgesAndNormalises(t *testing.T) {
	t.Parallel()
	b := setUp(t, nil)
	b.shelf.objects["/raw"] = colours(t, 3000, 2000)
	r := workerrpc.InspectRequest{RawURL: b.shelf.URL + "/raw", PhotoURL: b.shelf.URL + "/clean.jpg"}
	got, err := b.worker.Inspect(t.Context(), r)
	if err != nil || got.Width != 3000 || got.Height != 2000 || got.ContentType != "image/jpeg" ||
		!strings.HasPrefix(got.Fingerprint, "sha256:") || got.PhotoBytes != int64(len(b.shelf.get("/clean.jpg"))) {
		t.Errorf("inspected %+v, %v", got, err)
	}
	if !picture.Bare(b.shelf.get("/clean.jpg")) {
		t.Error("the photo carries metadata")
	}
}

func TestInspectRefusesWithTheReason(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		raw    []byte
		r      workerrpc.InspectRequest
		pixels checker
		kind   fault.Kind
		code   fault.Code
	}{
		"missing":     {nil, workerrpc.InspectRequest{}, judge{}, fault.NotFound, "upload_not_found"},
		"long":        {colours(t, 300, 300), workerrpc.InspectRequest{MaxBytes: 100}, judge{}, fault.TooLarge, "upload_too_large"},
		"large":       {colours(t, 300, 300), workerrpc.InspectRequest{MaxPixels: 100}, judge{}, fault.TooLarge, "too_many_pixels"},
		"no picture":  {[]byte("hello"), workerrpc.InspectRequest{}, judge{}, fault.Unsupported, "unsupported_media_type"},
		"another sum": {colours(t, 300, 300), workerrpc.InspectRequest{SHA256: "00"}, judge{}, fault.Unprocessable, "sha256_mismatch"},
		"indecent": {colours(t, 300, 300), workerrpc.InspectRequest{},
			judge{fault.New(fault.PictureRefused)}, fault.Unprocessable, fault.PictureRefused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setUp(t, func(_ *Config, p *Parts) { p.Pixels = c.pixels })
			if c.raw != nil {
				b.shelf.objects["/raw"] = c.raw
			}
			c.r.RawURL, c.r.PhotoURL = b.shelf.URL+"/raw", b.shelf.URL+"/clean.jpg"
			_, err := b.worker.Inspect(t.Context(), c.r)
			if fault.KindOf(err) != c.kind || fault.CodeOf(err) != c.code {
				t.Errorf("got %v, want %v %s", err, c.kind, c.code)
			}
			if b.shelf.get("/clean.jpg") != nil {
				t.Error("a refused photo was stored")
			}
		})
	}
}

func TestUploadsThatWouldWaitTooLongAreSentElsewhere(t *testing.T) {
	t.Parallel()
	b := setUp(t, func(c *Config, _ *Parts) { c.Inspects, c.InspectLine = 1, 1 })
	b.shelf.objects["/raw"] = colours(t, 300, 300)
	r := workerrpc.InspectRequest{RawURL: b.shelf.URL + "/raw", PhotoURL: b.shelf.URL + "/clean.jpg"}
	judged, err := b.worker.line.Take(t.Context(), turns.Key{})
	if err != nil {
		t.Fatal(err)
	}
	waits := make(chan func(), 1)
	go func() {
		giveBack, _ := b.worker.line.Take(t.Context(), turns.Key{})
		waits <- giveBack
	}()
	for b.worker.line.Waiting() == 0 {
		runtime.Gosched()
	}
	_, err = b.worker.Inspect(t.Context(), r)
	if f := fault.As(err); f == nil || f.Kind != fault.Unavailable || f.Code != fault.WorkerBusy || f.RetryAfter <= 0 {
		t.Errorf("got %v, want worker_busy and when to come again", err)
	}
	judged()
	(<-waits)()
	if _, err := b.worker.Inspect(t.Context(), r); err != nil {
		t.Errorf("with room in the line: %v", err)
	}
}
