package dashscope

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/tick"
	"github.com/imgfleet/imgfleet/worker/provider"
	"github.com/imgfleet/imgfleet/worker/provider/vendorhttp"
)

// What a job shows of itself.
const (
	percentWaiting = 5
	percentRunning = 30
)

// await polls a job to its end. Polls cost nothing, so one that fails is
// followed by another: while the job has a name, nothing is lost.
func (d *Driver) await(ctx context.Context, id string, report func(provider.Progress)) (provider.Picture, error) {
	if !valid(id) {
		return provider.Picture{}, vendorhttp.About(vendorhttp.Unknown("job_unknown", "no name of a job"), "", id)
	}
	report(provider.Progress{VendorTask: id, Percent: percentWaiting})
	var last error
	for {
		doc, a, pause, err := d.poll(ctx, id)
		if err == nil {
			pic, done, err := d.state(ctx, doc, a, id, report)
			if done {
				return pic, err
			}
		} else {
			last = err
			if f := provider.AsFailure(err); f.Class == task.ClassAuth {
				f.Outcome = task.Unknown // the job goes on, only we may not ask
				return provider.Picture{}, vendorhttp.About(f, "", id)
			}
		}
		if !tick.Wait(ctx, max(d.every, pause)) {
			return provider.Picture{}, gaveUp(ctx, id, last)
		}
	}
}

func (d *Driver) poll(ctx context.Context, id string) (document, vendorhttp.Answer, time.Duration, error) {
	a, err := d.http.Do(ctx, d.task(id))
	if err != nil {
		return document{}, a, 0, err
	}
	doc, err := read(a)
	return doc, a, a.RetryAfter(), err
}

// state acts on what a job says. Only what succeeded is billed.
func (d *Driver) state(ctx context.Context, doc document, a vendorhttp.Answer, id string, report func(provider.Progress)) (provider.Picture, bool, error) {
	doc.Output.TaskID = id
	switch doc.Output.Status {
	case "SUCCEEDED":
		pic, err := d.picture(ctx, a, doc)
		if err != nil {
			return pic, true, vendorhttp.About(err, doc.RequestID, id)
		}
		return pic, true, nil
	case "FAILED":
		f := refusal(a, doc.Output.Code, doc.Output.Message, doc.RequestID)
		if f.VendorTask = id; f.Outcome == task.Unknown {
			f.Outcome = task.FailedUnbilled
		}
		return provider.Picture{}, true, f
	case "CANCELED":
		return provider.Picture{}, true, &provider.Failure{
			Outcome: task.FailedUnbilled, Class: task.ClassTransient, Code: "job_canceled", RequestID: doc.RequestID, VendorTask: id,
			Err: errors.New("somebody canceled the job at the vendor"),
		}
	case "UNKNOWN":
		return provider.Picture{}, true, vendorhttp.About(vendorhttp.Unknown("job_unknown", "the vendor does not know the job, or no longer"), doc.RequestID, id)
	case "RUNNING":
		report(provider.Progress{Percent: percentRunning})
	}
	return provider.Picture{}, false, nil
}

// gaveUp ends the polling. The job goes on, and the next worker polls it by its
// name.
func gaveUp(ctx context.Context, id string, last error) *provider.Failure {
	err := ctx.Err()
	f := provider.AsFailure(err)
	if last != nil {
		err = fmt.Errorf("%w; last poll: %w", err, last)
	}
	return &provider.Failure{Outcome: task.Unknown, Class: f.Class, VendorTask: id, Err: err}
}

// valid keeps anything but a name out of a path: it comes from a vendor, and
// may come back from a record.
func valid(id string) bool {
	for _, r := range id {
		if (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' && r != '_' {
			return false
		}
	}
	return id != "" && len(id) <= 128
}
