package tus

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/gateway/upload"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

// visit is one request while tusd handles it: what our storage behind tusd needs
// to know of the request, and what it found out.
type visit struct {
	owner   session.ID
	creates bool
	// metadata is what the client sent, when it creates.
	metadata string
	sum      *checksum
	body     io.Reader
	bodyErr  error         // how the body ended, when not well
	upload   upload.Upload // that the request is about
	fresh    bool          // the upload is this request's own
	known    int64         // bytes that need not be sent, of an upload that is created
	err      error         // what our parts refused with; tusd would call it its own failure

	mu        sync.Mutex
	interrupt func() // makes a read of the body fail; nil once the connection may serve its next request
	cause     error  // why it was interrupted
}

// overtake ends the visit's body, from the goroutine of a newer request.
// (tusd has a way of its own for that; it loses the request that has not begun
// to read, and its two goroutines race.)
func (v *visit) overtake() { v.stop(fault.New(fault.UploadSuperseded)) }

// stop ends the visit's body with a cause.
func (v *visit) stop(cause error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.cause == nil {
		v.cause = cause
	}
	if v.interrupt != nil {
		v.interrupt()
	}
}

func (v *visit) interrupted() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.cause
}

// end drops the connection.
func (v *visit) end() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.interrupt = nil
}

type visitKey struct{}

func visitOf(ctx context.Context) *visit {
	v, ok := ctx.Value(visitKey{}).(*visit)
	if !ok {
		return &visit{}
	}
	return v
}

// refuse remembers the reason, which tusd would not pass on.
func refuse(ctx context.Context, err error) error {
	if v := visitOf(ctx); err != nil && v.err == nil {
		v.err = err
	}
	return err
}

// outcome is the request's error: ours if there is one, else the reason of
// tusd's.
func (v *visit) outcome(w *recorder) error {
	if v.err != nil {
		return v.err
	}
	if w.status < 400 {
		return nil
	}
	if err := refusal(w.code()); err != nil {
		return err
	}
	if v.bodyErr != nil {
		return v.bodyErr
	}
	return errors.New("tusd: " + w.code())
}

// watched is the body of a visit. It remembers how it ended.
type watched visit

// Read reads the body until it is interrupted. When a body stalls, what arrived
// is kept and the code must be one upon which clients go on: they take 408 as
// final.
func (b *watched) Read(p []byte) (n int, err error) {
	v := (*visit)(b)
	cause := v.interrupted()
	if cause == nil {
		n, err = v.body.Read(p)
		cause = v.interrupted()
	}
	switch {
	case cause != nil:
		err = cause
	case err != nil && fault.KindOf(err) == fault.Timeout:
		err = fault.Wrap(fault.UploadStalled, err)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		v.bodyErr = err
	}
	return n, err
}
