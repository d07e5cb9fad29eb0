package generate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/prompt"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
	"github.com/imgfleet/imgfleet/worker/provider"
	"github.com/imgfleet/imgfleet/worker/spool"
)

const (
	contentJPEG = "image/jpeg"
	contentJSON = "application/json"
	maxPhoto    = 32 << 20 // a normalised JPEG of 2048 px is far below

	// The provider's own 1…99 is shown as this part of the whole.
	progressStart, progressMade = 5, 90

	// manifestFirst is how long the outcome of a call that gave no picture waits
	// for its manifest.
	manifestFirst = 2 * time.Second
)

// attempt runs one attempt to its end, tells its followers and writes the
// manifest. Whatever was sent to a vendor leaves a manifest, so that a
// gateway that lost us learns what became of the money.
func (w *Worker) attempt(ctx context.Context, r *run, a workerrpc.Attempt, m maker) {
	began := time.Now()
	w.metrics.running.Inc()
	defer w.metrics.running.Dec()
	r.update(func(s *state) { s.stage, s.progress = task.StageStarting, 1 })
	pic, o, err := w.call(ctx, r, a, m)
	var e *spool.Entry
	if o.Task, o.Number = a.Task, a.Number; o.Result == task.OK {
		e = w.keep(r, pic, o)
		o, err = w.finish(ctx, r, a, pic, o)
	}
	w.end(ctx, r, a, e, o)
	w.metrics.attempts.WithLabelValues(a.Provider, string(o.Result), string(o.Class)).Inc()
	w.log(a, o, err, time.Since(began))
}

// end tells followers and the manifest how an attempt ended. What a worker that
// stops leaves to others has not ended.
func (w *Worker) end(ctx context.Context, r *run, a workerrpc.Attempt, e *spool.Entry, o workerrpc.Outcome) {
	if left(ctx, o, e) {
		e.Leave()
		r.leave()
		return
	}
	defer e.Remove()
	if o.Result == task.NotSent {
		r.end(o)
		return
	}
	written := make(chan struct{})
	go func() {
		defer close(written)
		if err := w.manifest(ctx, r, o); err != nil {
			w.logger.Warn("manifest not written", "task", a.Task, "attempt", a.Number, "err", err)
		}
	}()
	if o.Result != task.OK { // it needs no store: who waits for it is told soon
		select {
		case <-written:
		case <-time.After(manifestFirst):
			r.end(o)
		}
	}
	<-written
	if o.Result == task.OK || r.endedAt().IsZero() {
		r.end(o)
	}
}

// left reports whether a worker that stops leaves work to others: a job at the
// vendor that has a name, or a picture in the spool. There is no outcome then:
// the gateway lets another worker poll the job, or store the picture.
func left(ctx context.Context, o workerrpc.Outcome, e *spool.Entry) bool {
	return errors.Is(context.Cause(ctx), errStopping) && o.Result == task.Unknown && (o.VendorTask != "" || e != nil)
}

// call asks the vendor. It returns a complete outcome in every case; the error
// is for the log.
func (w *Worker) call(ctx context.Context, r *run, a workerrpc.Attempt, m maker) (provider.Picture, workerrpc.Outcome, error) {
	timeout := a.Timeout
	if timeout <= 0 {
		timeout = w.cfg.Timeout
	}
	ctx, stop := context.WithTimeout(ctx, timeout)
	defer stop()
	began := time.Now()
	request, err := w.request(a)
	if err != nil {
		return provider.Picture{}, w.failed(provider.AsFailure(err), 0), err
	}
	pic, err := m.Make(ctx, request, func(p provider.Progress) {
		r.update(func(s *state) {
			s.stage = task.StageGenerating
			if p.Percent > 0 {
				s.progress = progressStart + p.Percent*(progressMade-progressStart)/100
			}
			if p.VendorTask != "" {
				s.vendorTask = p.VendorTask
			}
		})
	})
	spent := time.Since(began)
	if err != nil {
		return pic, w.failed(provider.AsFailure(err), spent), err
	}
	return pic, workerrpc.Outcome{
		Result: task.OK, RequestID: pic.RequestID, VendorTask: pic.VendorTask, ProviderMS: spent.Milliseconds(),
		PriceFen: pic.PriceFen, Remaining: pic.Remaining,
	}, nil
}

// finish judges, labels and stores a picture that is paid for.
func (w *Worker) finish(ctx context.Context, r *run, a workerrpc.Attempt, pic provider.Picture, o workerrpc.Outcome) (workerrpc.Outcome, error) {
	ctx, cancel := storing(ctx, r.until)
	defer cancel()
	began := time.Now()
	done, err := w.renderAnyhow(ctx, a, pic)
	w.metrics.stage.WithLabelValues("label").Observe(time.Since(began).Seconds())
	if err != nil {
		o.Result, o.Class, o.Code = judged(err)
		o.Message = w.words.Words(err.Error())
		return o, err
	}
	began = time.Now()
	err = w.store(ctx, r, done)
	w.metrics.stage.WithLabelValues("store").Observe(time.Since(began).Seconds())
	if err != nil {
		// Paid for and lost: the policy for unknown outcomes decides.
		o.Result, o.Class, o.Code = task.Unknown, task.ClassNetwork, workerrpc.StoreFailed
		o.Message = w.words.Words(err.Error())
		if errors.Is(context.Cause(ctx), provider.ErrCanceled) {
			o.Class = task.ClassCanceled
		}
		return o, fmt.Errorf("store picture: %w", err)
	}
	o.Width, o.Height, o.ContentType, o.Bytes = done.width, done.height, contentJPEG, int64(len(done.image))
	return o, nil
}

// request maps the attempt to what the provider's model understands. What it
// cannot be asked costs nothing, and another model may be asked.
func (w *Worker) request(a workerrpc.Attempt) (provider.Request, error) {
	p, err := w.prompts.Build(w.profiles[a.Provider], prompt.Input{
		Style: a.Style, Place: a.Place, Options: a.Options, Seed: a.Seed, PhotoWidth: a.PhotoWidth, PhotoHeight: a.PhotoHeight,
	})
	if err != nil && a.VendorTask == "" { // a call that was paid for is asked for no words
		f := provider.NotSent(task.ClassInput, err)
		f.Code = string(fault.PromptTooLong)
		return provider.Request{}, f
	}
	return provider.Request{
		ID: string(a.Task) + "-" + strconv.Itoa(a.Number), Text: p.Text, Negative: p.Negative,
		Size: p.Size, Width: p.Width, Height: p.Height, Steps: p.Steps, CFG: p.CFG, Strength: p.Strength, Seed: p.Seed,
		Style: a.Style, Place: a.Place, Options: a.Options, PhotoURL: a.PhotoURL,
		VendorTask: a.VendorTask,
		Photo:      func(ctx context.Context) ([]byte, error) { return w.photo(ctx, a.PhotoURL) },
	}, nil
}

func (w *Worker) photo(ctx context.Context, url string) ([]byte, error) {
	began := time.Now()
	data, err := w.objects.get(ctx, url, maxPhoto)
	w.metrics.stage.WithLabelValues("fetch").Observe(time.Since(began).Seconds())
	if err == nil {
		return data, nil
	}
	err = fmt.Errorf("fetch photo: %w", err)
	var status errStatus
	switch {
	case errors.As(err, &status) && (status == http.StatusNotFound || status == http.StatusGone):
		f := provider.NotSent(task.ClassInput, err)
		f.Code = workerrpc.PhotoGone
		return nil, f
	case ctx.Err() != nil:
		return nil, provider.NotSent(provider.AsFailure(ctx.Err()).Class, err)
	default:
		f := provider.NotSent(task.ClassNetwork, err)
		f.Code = workerrpc.PhotoUnreachable
		return nil, f
	}
}

// manifest writes an outcome into the store.
func (w *Worker) manifest(ctx context.Context, r *run, o workerrpc.Outcome) error {
	if r.addresses().ManifestURL == "" {
		return nil
	}
	body, err := json.Marshal(o)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.cfg.StoreWithin)
	defer cancel()
	return w.objects.save(ctx, func() string { return r.addresses().ManifestURL }, contentJSON, body)
}

// failed maps a driver's failure to an outcome.
func (w *Worker) failed(f *provider.Failure, spent time.Duration) workerrpc.Outcome {
	o := workerrpc.Outcome{
		Result: f.Outcome, Class: f.Class, Code: w.words.Code(f.Code), RequestID: w.words.ID(f.RequestID), VendorTask: f.VendorTask,
		ProviderMS: spent.Milliseconds(), RetryAfter: f.RetryAfter.Milliseconds(), Remaining: f.Remaining,
	}
	if f.Err != nil {
		o.Message = w.words.Words(f.Err.Error())
	}
	return o
}

// judged maps a refusal of the finished picture. It was paid for: a refused
// content ends the task, an unreadable one may be tried elsewhere.
func judged(err error) (task.Outcome, task.Class, string) {
	if f := fault.As(err); f.Kind == fault.Unprocessable && f.Code == fault.PictureRefused {
		return task.Rejected, task.ClassContent, string(f.Code)
	}
	return task.Unknown, task.ClassTransient, "picture_unusable"
}

// log writes the one line of an attempt.
func (w *Worker) log(a workerrpc.Attempt, o workerrpc.Outcome, err error, took time.Duration) {
	attrs := []any{
		"task", a.Task, "attempt", a.Number, "provider", a.Provider, "outcome", o.Result, "ms", took.Milliseconds(),
	}
	if a.RequestID != "" {
		attrs = append(attrs, telemetry.FieldRequest, a.RequestID)
	}
	if o.RequestID != "" {
		attrs = append(attrs, "vendor_request_id", o.RequestID)
	}
	if err != nil {
		attrs = append(attrs, "class", o.Class, "code", o.Code, "error", err.Error())
	}
	w.logger.Info("attempt ended", attrs...)
}
