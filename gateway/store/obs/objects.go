package obs

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	sdk "github.com/huaweicloud/huaweicloud-sdk-go-obs/obs"

	"github.com/imgfleet/imgfleet/gateway/store"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

const (
	// inMemory is how much of an object is held before the rest goes to a
	// temporary file: its length must be known before it is sent.
	inMemory = 64 << 10
	// writtenMeta is the metadata of a copy that says how old its picture is.
	writtenMeta = "written"
	day         = 24 * time.Hour
)

// Put sends an object whole or not at all: nothing is sent before r ended
// well.
func (b *Bucket) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	body, n, err := spool(r)
	if err != nil {
		return 0, err
	}
	defer func() { _ = body.Close() }()
	return n, b.send(ctx, key, body.Reader, n)
}

// Adopt sends a file as it lies there and removes it. Somebody who took it
// away meanwhile is the caller's affair.
func (b *Bucket) Adopt(ctx context.Context, key, path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fault.Wrap(fault.ObjectNotFound, err)
	}
	if err != nil {
		return fault.Wrap(fault.StorageUnavailable, err)
	}
	defer func() { _ = f.Close() }()
	fi, err := f.Stat()
	if err != nil {
		return fault.Wrap(fault.StorageUnavailable, err)
	}
	if err := b.send(ctx, key, f, fi.Size()); err != nil {
		return err
	}
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (b *Bucket) send(ctx context.Context, key string, r io.Reader, n int64) error {
	ctx, moving := watched(ctx, stallWithin)
	defer moving.end()
	client, err := b.client(ctx)
	if err != nil {
		return err
	}
	in := &sdk.PutObjectInput{}
	if n > 0 { // an empty reader would be sent without a length
		in.Body = moving.sent(r)
	}
	in.Bucket, in.Key, in.ContentLength, in.Expires = b.config.Bucket, name(key), n, b.expires()
	in.ContentType, in.CacheControl = store.ContentType(key), store.CacheControl
	_, err = client.PutObject(in, b.dated())
	return classify(ctx, err)
}

// body is what is to be sent.
type body struct {
	io.Reader
	io.Closer
}

// spool reads r to its end: into memory when it is short, otherwise into a
// file that has no name any more. Errors of r come back as they are.
func spool(r io.Reader) (body, int64, error) {
	var head strings.Builder
	n, err := io.CopyN(&head, r, inMemory)
	if errors.Is(err, io.EOF) {
		return body{strings.NewReader(head.String()), io.NopCloser(nil)}, n, nil
	}
	if err != nil {
		return body{}, 0, err
	}
	f, err := os.CreateTemp("", "imgfleet-*")
	if err != nil {
		return body{}, 0, fault.Wrap(fault.StorageUnavailable, err)
	}
	err = os.Remove(f.Name())
	if err == nil {
		n, err = io.Copy(f, io.MultiReader(strings.NewReader(head.String()), r))
	}
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		_ = f.Close()
		return body{}, 0, err
	}
	return body{f, f}, n, nil
}

// expires is when OBS itself removes an object, in whole days; our sweeper
// comes first. Other servers do not know it.
func (b *Bucket) expires() int64 {
	if b.config.Signature != SignatureOBS {
		return 0
	}
	return b.days()
}

func (b *Bucket) days() int64 { return int64((b.config.Retention+day-1)/day) + 1 }

// Stat asks for an object's head.
func (b *Bucket) Stat(ctx context.Context, key string) (store.Info, error) {
	client, err := b.client(ctx)
	if err != nil {
		return store.Info{}, err
	}
	out, err := client.GetObjectMetadata(&sdk.GetObjectMetadataInput{Bucket: b.config.Bucket, Key: name(key)}, b.dated())
	if err != nil {
		return store.Info{}, classify(ctx, err)
	}
	return info(out), nil
}

func info(out *sdk.GetObjectMetadataOutput) store.Info {
	return store.Info{Size: out.ContentLength, ModTime: written(out), ETag: `"` + strings.Trim(out.ETag, `"`) + `"`}
}

// written is when the picture was made: a copy remembers.
func written(out *sdk.GetObjectMetadataOutput) time.Time {
	if seconds, err := strconv.ParseInt(out.Metadata[writtenMeta], 10, 64); err == nil {
		return time.Unix(seconds, 0)
	}
	return out.LastModified
}

// Copy has the bucket copy an object. The note of its age is written first:
// a note without a copy does no harm.
func (b *Bucket) Copy(ctx context.Context, from, to string) error {
	source, err := b.Stat(ctx, from)
	if err != nil {
		return err
	}
	client, err := b.client(ctx)
	if err != nil {
		return err
	}
	mark := &sdk.PutObjectInput{}
	mark.Bucket, mark.Key, mark.Expires = b.config.Bucket, note(to, source.ModTime), b.expires()
	if _, err := client.PutObject(mark, b.dated()); err != nil {
		return classify(ctx, err)
	}
	in := &sdk.CopyObjectInput{CopySourceBucket: b.config.Bucket, CopySourceKey: name(from), MetadataDirective: sdk.ReplaceMetadata}
	in.Bucket, in.Key, in.ObjectOperationInput.Expires = b.config.Bucket, name(to), b.expires()
	in.Metadata = map[string]string{writtenMeta: strconv.FormatInt(source.ModTime.Unix(), 10)}
	in.ContentType, in.CacheControl = store.ContentType(to), store.CacheControl
	_, err = client.CopyObject(in, b.dated())
	return classify(ctx, err)
}

// Delete looks before it removes: the bucket does not tell whether there was
// anything.
func (b *Bucket) Delete(ctx context.Context, key string) (bool, error) {
	if _, err := b.Stat(ctx, key); err != nil {
		if fault.KindOf(err) == fault.NotFound {
			return false, nil
		}
		return false, err
	}
	client, err := b.client(ctx)
	if err != nil {
		return false, err
	}
	_, err = client.DeleteObject(&sdk.DeleteObjectInput{Bucket: b.config.Bucket, Key: name(key)}, b.dated())
	return err == nil, classify(ctx, err)
}
