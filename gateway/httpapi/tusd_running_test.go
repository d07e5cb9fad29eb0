package httpapi

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
)

// running starts a PATCH of a million bytes and sends some of them, once it is
// read; the rest never comes.
func (h *harness) running(location string, sent int) *rawConn {
	h.t.Helper()
	c := h.begin(location, 0, 1_000_000)
	c.send("%s", strings.Repeat("x", sent))
	return c
}

func patient(c *Config, _ *Deps) { c.Wire.Body = time.Minute }

// Patch/RequestUnlock, Patch/Locker: of two requests the newer one wins, and
// the older one is told so.
func TestAnOlderRequestIsToldThatItWasOvertaken(t *testing.T) {
	t.Parallel()
	h := start(t, patient)
	location, _ := h.resumable(h.session(), 1_000_000)
	older := h.running(location, 300_000)
	h.resume(location, 1_000_000)
	if r := older.receive(); r.status != 409 || r.code() != "upload_superseded" {
		t.Errorf("%d %s", r.status, r.body)
	}
}

// Patch/StopUpload: who takes the upload back ends the request that brings it.
func TestADeletedUploadIsNotReceivedAnyFurther(t *testing.T) {
	t.Parallel()
	h := start(t, patient)
	location, _ := h.resumable(h.session(), 1_000_000)
	older := h.running(location, 300_000)
	if r := h.do("DELETE", location, "", "", "Tus-Resumable", "1.0.0"); r.status != 204 {
		t.Errorf("delete: %d %s", r.status, r.body)
	}
	if r := older.receive(); r.status < 400 {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := h.do("HEAD", location, "", "", "Tus-Resumable", "1.0.0"); r.status != 404 {
		t.Errorf("head: %d", r.status)
	}
}

// Patch/BodyReadError: a phone that falls silent is told to go on: 408, which
// clients take for the end, would lose the photo.
func TestAPhoneThatFellSilentMayGoOn(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *Config, _ *Deps) { c.Wire.Body = time.Second })
	location, _ := h.resumable(h.session(), 1_000_000)
	silent := h.running(location, 300_000)
	if r := silent.receive(); r.status != 409 || r.code() != "upload_stalled" {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := h.do("HEAD", location, "", ""); r.header.Get("Upload-Offset") != "300000" {
		t.Errorf("head: %d %v", r.status, r.header)
	}
}

// One that only drips is as good as silent, whatever it sent before.
func TestAPhoneThatDripsMayGoOn(t *testing.T) {
	t.Parallel()
	h := start(t, patient, func(c *Config, _ *Deps) { c.Wire.BodyWindow, c.Wire.BodyRate = 500*time.Millisecond, 10_000 })
	location, _ := h.resumable(h.session(), 1_000_000)
	c := h.running(location, 300_000)
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		drip := time.NewTicker(50 * time.Millisecond)
		defer drip.Stop()
		for err := error(nil); err == nil; _, err = c.Write([]byte("x")) {
			select {
			case <-drip.C:
			case <-stop:
				return
			}
		}
	}()
	if r := c.receive(); r.status != 409 || r.code() != "upload_stalled" {
		t.Errorf("%d %s", r.status, r.body)
	}
}

// Patch/InterruptRequestHandling: a gateway that stops keeps what arrived and
// does not wait for the rest.
func TestAGatewayThatStopsKeepsWhatArrived(t *testing.T) {
	t.Parallel()
	files := openPartials(t)
	h := start(t, patient, withTus(t, files), func(c *Config, _ *Deps) { c.Drain = time.Minute })
	token := h.session()
	location, id := h.resumable(token, 1_000_000)
	c := h.running(location, 300_000)
	for size := int64(0); size < 200_000; { // all but a buffer is on the disk
		var err error
		if size, err = files.Size(task.SessionID(token), task.UploadID(id)); err != nil {
			t.Fatal(err)
		}
		runtime.Gosched()
	}
	h.stop()
	if r := c.receive(); r.status != 503 || r.code() != "gateway_stopping" || r.header.Get("Retry-After") == "" {
		t.Errorf("%d %s", r.status, r.body)
	}
	<-h.done
	next := start(t, func(_ *Config, d *Deps) { d.Uploads = fakeUploads{h.world} }, withTus(t, files))
	var offset int
	r := next.do("HEAD", location, "", "")
	if _, err := fmt.Sscan(r.header.Get("Upload-Offset"), &offset); err != nil || offset < 200_000 || offset > 300_000 {
		t.Errorf("head: %d %v", r.status, r.header)
	}
}
