package httpapi

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/gateway/upload"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// unjudged are uploads whose photos wait for as long as somebody waits for them.
type unjudged struct {
	fakeUploads
	asked chan netip.Addr
	ended chan error
}

func (u unjudged) Complete(ctx context.Context, _ session.ID, client netip.Addr, _ task.UploadID) (upload.Upload, error) {
	u.asked <- client
	<-ctx.Done()
	u.ended <- context.Cause(ctx)
	return upload.Upload{}, ctx.Err()
}

func TestWhoHangsUpWaitsForNoVerdict(t *testing.T) {
	t.Parallel()
	u := unjudged{asked: make(chan netip.Addr, 1), ended: make(chan error, 1)}
	h := start(t, func(_ *Config, d *Deps) {
		u.fakeUploads = d.Uploads.(fakeUploads)
		d.Uploads = u
	})
	token := h.session()
	c := h.dial()
	c.send("POST /uploads/%s/complete HTTP/1.1\nHost: x\nAuthorization: Bearer %s\nContent-Length: 0\n\n", task.NewID(), token)
	if from := <-u.asked; !from.IsLoopback() {
		t.Errorf("asked by %v", from)
	}
	select {
	case err := <-u.ended:
		t.Fatalf("while the client waits: %v", err)
	case <-time.After(3 * presenceLook):
	}
	_ = c.Close()
	if err := <-u.ended; err != errHungUp { //nolint:errorlint // it is the cause itself
		t.Error(err)
	}
}
