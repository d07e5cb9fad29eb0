package generate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
	"github.com/imgfleet/imgfleet/pkg/turns"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
	"github.com/imgfleet/imgfleet/worker/picture"
)

// Inspect implements workerrpc.Worker: it judges an upload by its bytes and
// stores the normalised JPEG. It waits for its turn, since each photo is held
// in memory whole, in a line that is no longer than is worth waiting in. Several
// gateways send photos; those of one session or network take turns here, too.
func (w *Worker) Inspect(ctx context.Context, r workerrpc.InspectRequest) (workerrpc.Inspected, error) {
	giveBack, err := w.line.Take(ctx, turns.Key{Lane: r.Turn.Site, Network: r.Turn.Network, Session: r.Turn.Session})
	if err != nil {
		return workerrpc.Inspected{}, w.busy(err)
	}
	defer giveBack()
	photo, err := w.inspect(ctx, r)
	w.metrics.inspects.WithLabelValues(string(fault.CodeOf(err))).Inc()
	if err != nil {
		w.logger.Info("photo not taken", telemetry.FieldRequest, r.RequestID, "code", string(fault.CodeOf(err)), "err", err)
		return workerrpc.Inspected{}, err
	}
	return workerrpc.Inspected{
		Width: photo.Width, Height: photo.Height, ContentType: photo.ContentType,
		Fingerprint: "sha256:" + photo.SHA256, PHash: photo.PHash, PhotoBytes: int64(len(photo.JPEG)),
	}, nil
}

// retryAfter is about how long half of the line takes.
const retryAfter = 10 * time.Second

func (w *Worker) busy(err error) error {
	busy := fault.Wrap(fault.WorkerBusy, err).After(retryAfter)
	w.metrics.inspects.WithLabelValues(string(busy.Code)).Inc()
	return busy
}

const maxRaw = 64 << 20

func (w *Worker) inspect(ctx context.Context, r workerrpc.InspectRequest) (picture.Photo, error) {
	limit := r.MaxBytes
	if limit <= 0 {
		limit = maxRaw
	}
	raw, err := w.objects.get(ctx, r.RawURL, limit)
	if err != nil {
		return picture.Photo{}, unreadable(err)
	}
	photo, err := w.pictures.Normalise(ctx, raw, picture.Limits{MaxBytes: r.MaxBytes, MaxPixels: r.MaxPixels, SHA256: r.SHA256, Demanding: r.Demanding})
	if err != nil {
		return picture.Photo{}, err
	}
	if err := w.pixels.CheckPicture(ctx, photo.JPEG); err != nil {
		return picture.Photo{}, fmt.Errorf("check photo: %w", err)
	}
	if err := w.objects.put(ctx, r.PhotoURL, contentJPEG, photo.JPEG); err != nil {
		return picture.Photo{}, fault.Wrap(fault.StorageUnavailable, err)
	}
	return photo, nil
}

func unreadable(err error) error {
	var status errStatus
	switch {
	case errors.Is(err, errTooLong):
		return fault.New(fault.UploadTooLarge)
	case errors.As(err, &status) && status == http.StatusNotFound:
		return fault.Wrap(fault.UploadNotFound, err)
	default:
		return fault.Wrap(fault.StorageUnavailable, err)
	}
}
