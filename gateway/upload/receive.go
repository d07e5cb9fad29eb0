package upload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/gateway/store"
	"github.com/imgfleet/imgfleet/gateway/store/room"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// Receive takes the bytes of a signed PUT: exactly the declared size, to the
// raw key, and only while the upload is pending. length is what the client
// announced, -1 when it did not. The body is streamed. The caller ends a stall
// by failing the next read, and interrupt makes the current read fail: of two
// bodies of one upload the newer one is taken, and the older one ends with
// fault.UploadSuperseded.
func (u *Uploads) Receive(ctx context.Context, g store.Grant, body io.Reader, length int64, interrupt func()) error {
	s, id, ok := parseRawKey(g.Key)
	if !ok || g.Size <= 0 {
		return fault.New(fault.SignatureInvalid)
	}
	up, err := u.mayReceive(ctx, s, id)
	if err != nil {
		return err
	}
	if err := checkLength(length, g.Size); err != nil {
		return err
	}
	b, err := u.begin(ctx, up, func(error) { interrupt() })
	if err != nil {
		return err
	}
	defer u.running.leave(b)
	promise, err := u.store.Promise(ctx, g.Size)
	if err != nil {
		return err
	}
	defer promise.Return()
	if _, err := u.partials.Remove(s, id); err != nil { // pieces are an older body, too
		return fmt.Errorf("remove what had arrived: %w", err)
	}
	last := func() error { return u.newest(ctx, up, b) }
	_, err = u.store.Put(ctx, g.Key, &exact{r: body, left: g.Size, body: b, last: last, promise: promise}, g.Size)
	if fault.KindOf(err) == fault.TooLarge && err != nil {
		return fault.New(fault.UploadTooLarge)
	}
	if err != nil {
		return fmt.Errorf("receive upload: %w", err)
	}
	// It may have become ready, or have been removed, while the bytes came.
	if _, err := u.mayReceive(ctx, s, id); err != nil {
		_, derr := u.store.Delete(ctx, g.Key)
		return errors.Join(err, derr)
	}
	u.met.received.Add(float64(g.Size))
	return nil
}

// Adopt takes a file with all bytes of a pending upload, which came in pieces.
func (u *Uploads) Adopt(ctx context.Context, up Upload, path string) error {
	if _, err := u.mayReceive(ctx, up.Session, up.ID); err != nil {
		return err
	}
	if err := u.store.Adopt(ctx, up.RawKey, path); err != nil {
		return fmt.Errorf("receive upload: %w", err)
	}
	if _, err := u.mayReceive(ctx, up.Session, up.ID); err != nil {
		_, derr := u.store.Delete(ctx, up.RawKey)
		return errors.Join(err, derr)
	}
	u.met.received.Add(float64(up.Size))
	return nil
}

// Received reports whether all bytes of an upload are there.
func (u *Uploads) Received(ctx context.Context, up Upload) (bool, error) {
	if up.Status == Ready {
		return true, nil
	}
	raw, err := u.store.Stat(ctx, up.RawKey)
	if fault.KindOf(err) == fault.NotFound && err != nil {
		return false, nil
	}
	return err == nil && raw.Size == up.Size, err
}

// mayReceive reads the bucket: another gateway may have changed the upload.
func (u *Uploads) mayReceive(ctx context.Context, s session.ID, id task.UploadID) (Upload, error) {
	up, _, err := u.fetch(ctx, uploadKey(s, id))
	if err == nil && up.Status == Ready {
		err = fault.New(fault.UploadAlreadyComplete)
	}
	return up, err
}

// IsRaw reports whether a PUT to this key is an upload's and belongs to
// Receive.
func IsRaw(key string) bool {
	_, _, ok := parseRawKey(key)
	return ok
}

func parseRawKey(key string) (session.ID, task.UploadID, bool) {
	parts := strings.Split(key, "/")
	if len(parts) != 4 || parts[1] != "uploads" || parts[3] != "raw" || !task.ValidID(parts[0]) || !task.ValidID(parts[2]) {
		return "", "", false
	}
	return session.ID(parts[0]), task.UploadID(parts[2]), true
}

func checkLength(length, size int64) error {
	switch {
	case length > size:
		return fault.New(fault.UploadTooLarge)
	case length >= 0 && length < size:
		return fault.New(fault.UploadSizeMismatch)
	}
	return nil
}

// exact fails when its reader ends early, or when its body was stopped; the
// store fails when it goes on too long. last is asked at the end.
type exact struct {
	r       io.Reader
	left    int64
	body    *incoming
	last    func() error
	promise *room.Promise
}

func (e *exact) Read(p []byte) (n int, err error) {
	if err := e.body.err(); err != nil {
		return 0, err
	}
	n, err = e.r.Read(p)
	e.left -= int64(n)
	e.promise.Came(int64(n))
	switch cause := e.body.err(); {
	case cause != nil:
		return n, cause
	case errors.Is(err, io.EOF) && e.left > 0:
		return n, fault.New(fault.UploadSizeMismatch)
	case errors.Is(err, io.EOF) && e.left == 0:
		if cause := e.last(); cause != nil {
			return n, cause
		}
	}
	return n, err
}
