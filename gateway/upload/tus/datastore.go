package tus

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/tus/tusd/v2/pkg/handler"

	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/gateway/upload"
	"github.com/imgfleet/imgfleet/gateway/upload/partial"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/tick"
)

// datastore is where tusd keeps uploads: the record is an ordinary pending
// upload, the offset is the size of a partial file.
type datastore struct{ h *Handler }

// NewUpload declares the photo, as POST /uploads does. One that the session
// already has, by its SHA-256, is whole from the start.
func (d datastore) NewUpload(ctx context.Context, info handler.FileInfo) (handler.Upload, error) {
	v := visitOf(ctx)
	r := upload.CreateRequest{
		ContentType: info.MetaData["filetype"], Size: info.Size, Consent: parseConsent(info.MetaData["consent"]), Metadata: v.metadata,
		SHA256: info.MetaData["sha256"],
	}
	up, reused, err := d.h.deps.Uploads.Create(ctx, v.owner, r)
	if err != nil {
		return nil, refuse(ctx, err)
	}
	v.upload, v.fresh = up, !reused // a failure from here on takes a fresh one back
	if reused {
		v.known = up.Size
		return &transfer{h: d.h, up: up}, nil
	}
	if err := d.h.deps.Files.Create(up.Session, up.ID, up.Size); err != nil {
		return nil, refuse(ctx, err)
	}
	return &transfer{h: d.h, up: up}, nil
}

// GetUpload finds an upload and how much of it has come.
func (d datastore) GetUpload(ctx context.Context, name string) (handler.Upload, error) {
	s, id, _ := strings.Cut(name, ".")
	up, err := d.h.deps.Uploads.Get(ctx, session.ID(s), task.UploadID(id))
	if err != nil {
		return nil, refuse(ctx, err)
	}
	visitOf(ctx).upload = up
	t := &transfer{h: d.h, up: up}
	if err := t.locate(ctx); err != nil {
		return nil, refuse(ctx, err)
	}
	return t, nil
}

// AsTerminatableUpload lets a client take an upload back.
func (d datastore) AsTerminatableUpload(u handler.Upload) handler.TerminatableUpload {
	t, _ := u.(*transfer)
	return t
}

// transfer is one upload under its lock.
type transfer struct {
	h      *Handler
	up     upload.Upload
	offset int64
}

// locate finds the offset. A gateway that died between the last byte and the
// end left a whole file, which is finished here.
func (t *transfer) locate(ctx context.Context) error {
	size, err := t.h.deps.Files.Size(t.up.Session, t.up.ID)
	switch {
	case err == nil && size < t.up.Size:
		t.offset = size
		return nil
	case err == nil:
		t.offset = t.up.Size
		return t.finish(ctx)
	case fault.KindOf(err) != fault.NotFound:
		return err
	}
	whole, err := t.h.deps.Uploads.Received(ctx, t.up)
	if err == nil && !whole {
		err = fault.New(fault.UploadNotFound)
	}
	t.offset = t.up.Size
	return err
}

// GetInfo describes the upload.
func (t *transfer) GetInfo(context.Context) (handler.FileInfo, error) {
	info := handler.FileInfo{ID: string(t.up.Session) + "." + string(t.up.ID), Size: t.up.Size, Offset: t.offset}
	if t.up.Metadata != "" {
		info.MetaData = handler.MetaData{"given": ""} // the answer carries the client's own
	}
	return info, nil
}

// WriteChunk appends what comes and keeps it, even when the connection breaks. A
// chunk with a checksum is kept only when that matches. What comes for a photo
// that the session already has is read and dropped: a closed connection would
// look like a failure, and the client would begin anew.
func (t *transfer) WriteChunk(ctx context.Context, offset int64, source io.Reader) (int64, error) {
	if t.up.Status == upload.Ready {
		_, err := io.Copy(io.Discard, source)
		return t.up.Size - offset, err
	}
	v := visitOf(ctx)
	end, err := t.h.deps.Uploads.Begin(ctx, t.up, v.stop)
	if err != nil {
		return 0, refuse(ctx, err)
	}
	defer end()
	c := partial.Chunk{Offset: offset, Max: t.up.Size - offset, Source: source}
	if v.sum != nil {
		c.Hash, c.Accept = v.sum.hash, v.sum.accept
	}
	n, err := t.append(ctx, c)
	return n, refuse(ctx, err)
}

// append waits for a request at another gateway, which was told to let go.
func (t *transfer) append(ctx context.Context, c partial.Chunk) (int64, error) {
	for waited := time.Duration(0); ; waited += lockEvery {
		n, err := t.h.deps.Files.Append(t.up.Session, t.up.ID, c)
		if fault.CodeOf(err) != fault.UploadLocked || waited >= lockWithin || !tick.Wait(ctx, lockEvery) {
			return n, err
		}
	}
}

// The lock of a file is held by another process, which announces nothing.
const (
	lockEvery  = 50 * time.Millisecond
	lockWithin = 3 * time.Second
)

// FinishUpload makes an ordinary upload of the file.
func (t *transfer) FinishUpload(ctx context.Context) error {
	if t.up.Status == upload.Ready {
		return nil
	}
	return refuse(ctx, t.finish(ctx))
}

// finish may find that another gateway has finished the upload, or that it was
// removed or has expired meanwhile: then the bytes go too.
func (t *transfer) finish(ctx context.Context) error {
	err := t.h.deps.Uploads.Adopt(ctx, t.up, t.h.deps.Files.Path(t.up.Session, t.up.ID))
	if err == nil || fault.KindOf(err) != fault.NotFound {
		return err
	}
	if whole, werr := t.h.deps.Uploads.Received(ctx, t.up); whole || werr != nil {
		return werr
	}
	_, rerr := t.h.deps.Files.Remove(t.up.Session, t.up.ID)
	return errors.Join(err, rerr)
}

// GetReader gives nothing: uploads are not served from here.
func (t *transfer) GetReader(context.Context) (io.ReadCloser, error) {
	return nil, errors.New("uploads are not served")
}

// Terminate removes the upload. One that is ready belongs to its session and can
// no longer be removed by whoever has the Location.
func (t *transfer) Terminate(ctx context.Context) error {
	if t.up.Status == upload.Ready {
		return refuse(ctx, fault.New(fault.UploadAlreadyComplete))
	}
	_, err := t.h.deps.Uploads.Remove(ctx, t.up.Session, t.up.ID)
	return refuse(ctx, err)
}
