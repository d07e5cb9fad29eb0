package dashscope

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/imgfleet/imgfleet/pkg/tick"
	"github.com/imgfleet/imgfleet/worker/provider"
	"github.com/imgfleet/imgfleet/worker/provider/vendorhttp"
)

// linger is how long a submission goes on after a cancel.
const linger = 3 * time.Second

// Cancel implements provider.Canceler: the vendor drops jobs that wait, and
// refuses to drop those that are begun.
func (d *Driver) Cancel(ctx context.Context, id string) error {
	if !valid(id) {
		return errors.New("no name of a job")
	}
	a, err := d.http.Do(ctx, vendorhttp.Call{
		Method: http.MethodPost, URL: d.base + "/tasks/" + id + "/cancel", Header: http.Header{"Authorization": {"Bearer " + d.key}},
	})
	if err != nil {
		return err
	}
	doc, err := read(a)
	if err == nil && doc.RequestID == "" {
		err = errors.New("not the vendor's answer")
	}
	return err
}

// lingering is ctx, but survives a cancel for a moment: only a job whose name
// is known can be dropped, and it waits longest just after it was submitted.
func lingering(ctx context.Context) (context.Context, context.CancelFunc) {
	var long context.Context
	var stop context.CancelFunc
	if at, ok := ctx.Deadline(); ok {
		long, stop = context.WithDeadline(context.WithoutCancel(ctx), at)
	} else {
		long, stop = context.WithCancel(context.WithoutCancel(ctx))
	}
	forget := context.AfterFunc(ctx, func() {
		switch {
		case errors.Is(ctx.Err(), context.DeadlineExceeded): // which is that of long
			return
		case errors.Is(context.Cause(ctx), provider.ErrCanceled):
			tick.Wait(long, linger)
		}
		stop()
	})
	return long, func() { forget(); stop() }
}
