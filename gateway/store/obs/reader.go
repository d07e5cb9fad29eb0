package obs

import (
	"context"
	"errors"
	"io"
	"time"

	sdk "github.com/huaweicloud/huaweicloud-sdk-go-obs/obs"

	"github.com/imgfleet/imgfleet/gateway/store"
)

// Open begins to read an object.
func (b *Bucket) Open(ctx context.Context, key string) (io.ReadSeekCloser, store.Info, error) {
	ctx, stop := context.WithCancelCause(ctx)
	r := &reader{ctx: ctx, stop: stop, bucket: b, name: name(key)}
	out, err := r.get()
	if err != nil {
		stop(nil)
		return nil, store.Info{}, err
	}
	i := info(&out.GetObjectMetadataOutput)
	r.size, r.tag = i.Size, out.ETag
	return r, i, nil
}

// reader reads an object from where it was sought to. A seek ends the answer
// at hand; the next read asks again from the new place, for the same bytes or
// none.
type reader struct {
	ctx    context.Context //nolint:containedctx // Read takes none, and asks the bucket
	stop   context.CancelCauseFunc
	bucket *Bucket
	name   string
	size   int64
	tag    string
	at     int64
	body   io.ReadCloser
}

var errSeek = errors.New("seek before the beginning")

func (r *reader) get() (*sdk.GetObjectOutput, error) {
	client, err := r.bucket.client(r.ctx)
	if err != nil {
		return nil, err
	}
	in := &sdk.GetObjectInput{IfMatch: r.tag}
	in.Bucket, in.Key = r.bucket.config.Bucket, r.name
	if r.at > 0 {
		in.RangeStart, in.RangeEnd = r.at, r.size // past the last byte: the SDK sends no range of one byte
	}
	out, err := client.GetObject(in, r.bucket.dated())
	if err != nil {
		return nil, classify(r.ctx, err)
	}
	r.body = out.Body
	return out, nil
}

// Read reads on.
func (r *reader) Read(p []byte) (int, error) {
	if r.at >= r.size {
		return 0, io.EOF
	}
	if r.body == nil {
		if _, err := r.get(); err != nil {
			return 0, err
		}
	}
	stalled := time.AfterFunc(stallWithin, func() { r.stop(errStalled) })
	n, err := r.body.Read(p)
	stalled.Stop()
	r.at += int64(n)
	if errors.Is(err, io.EOF) && r.at < r.size {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// Seek moves without asking the bucket.
func (r *reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.size
	}
	if offset < 0 {
		return 0, errSeek
	}
	if offset == r.at {
		return offset, nil
	}
	r.at = offset
	return offset, r.hangUp()
}

// Close ends the reading.
func (r *reader) Close() error {
	defer r.stop(nil)
	return r.hangUp()
}

// hangUp ends the answer at hand.
func (r *reader) hangUp() error {
	if r.body == nil {
		return nil
	}
	err := r.body.Close()
	r.body = nil
	return err
}
