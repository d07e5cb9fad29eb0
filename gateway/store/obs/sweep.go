package obs

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	sdk "github.com/huaweicloud/huaweicloud-sdk-go-obs/obs"

	"github.com/imgfleet/imgfleet/gateway/store"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

// page is how many names one list or one removal holds; 1000 is the limit.
const page = 1000

// DeletePrefix removes what lies under a prefix, and the notes of copies
// there.
func (b *Bucket) DeletePrefix(ctx context.Context, prefix string) (int, error) {
	total := 0
	for _, at := range names(prefix) {
		n, err := b.clean(ctx, at, func(sdk.Content) bool { return true })
		total += n
		if err != nil {
			return total, err
		}
	}
	session, _, _ := strings.Cut(prefix, "/")
	_, err := b.clean(ctx, copiedRoot+session+"/", func(c sdk.Content) bool {
		key, _, ok := parseNote(c.Key)
		return ok && strings.HasPrefix(key, prefix)
	})
	return total, err
}

// Sweep removes what was written before a moment, copies of it included.
// What others keep in the bucket stays.
func (b *Bucket) Sweep(ctx context.Context, before time.Time) (int, error) {
	total, err := b.sweepCopies(ctx, before)
	errs := []error{err}
	for _, root := range roots {
		n, err := b.clean(ctx, root, func(c sdk.Content) bool { return c.LastModified.Before(before) })
		total += n
		errs = append(errs, err)
	}
	return total, errors.Join(errs...)
}

// SweepRaw removes photos that nobody has judged. They are never copied.
func (b *Bucket) SweepRaw(ctx context.Context, before time.Time) (int, error) {
	return b.clean(ctx, uploadsRoot, func(c sdk.Content) bool { return store.Raw(c.Key) && c.LastModified.Before(before) })
}

// sweepCopies removes copies by the age of their picture. The note goes last,
// so that a sweep that is cut short is finished by the next.
func (b *Bucket) sweepCopies(ctx context.Context, before time.Time) (int, error) {
	total := 0
	_, err := b.cleanEach(ctx, copiedRoot, func(c sdk.Content) (bool, error) {
		key, age, ok := parseNote(c.Key)
		if !ok || !age.Before(before) {
			return false, nil
		}
		removed, err := b.sweepCopy(ctx, key, before)
		if removed {
			total++
		}
		return err == nil, err
	})
	return total, err
}

// sweepCopy spares an object that was written anew over the copy.
func (b *Bucket) sweepCopy(ctx context.Context, key string, before time.Time) (bool, error) {
	now, err := b.Stat(ctx, key)
	if err != nil && fault.KindOf(err) == fault.NotFound {
		return false, nil
	}
	if err != nil || !now.ModTime.Before(before) {
		return false, err
	}
	return b.Delete(ctx, key)
}

func (b *Bucket) clean(ctx context.Context, prefix string, chosen func(sdk.Content) bool) (int, error) {
	return b.cleanEach(ctx, prefix, func(c sdk.Content) (bool, error) { return chosen(c), nil })
}

// cleanEach removes the chosen objects under a prefix, a page at a time, and
// says how many there were.
func (b *Bucket) cleanEach(ctx context.Context, prefix string, chosen func(sdk.Content) (bool, error)) (int, error) {
	client, err := b.client(ctx)
	if err != nil {
		return 0, err
	}
	total := 0
	for contents, err := range b.pages(ctx, client, prefix) {
		if err != nil {
			return total, err
		}
		var gone []sdk.ObjectToDelete
		for _, c := range contents {
			yes, err := chosen(c)
			if err != nil {
				return total, err
			}
			if yes {
				gone = append(gone, sdk.ObjectToDelete{Key: c.Key})
			}
		}
		if err := b.remove(ctx, client, gone); err != nil {
			return total, err
		}
		total += len(gone)
	}
	return total, nil
}

// pages lists what lies under a prefix.
func (b *Bucket) pages(ctx context.Context, client *sdk.ObsClient, prefix string) iter.Seq2[[]sdk.Content, error] {
	return func(yield func([]sdk.Content, error) bool) {
		in := &sdk.ListObjectsInput{Bucket: b.config.Bucket}
		in.Prefix, in.MaxKeys = prefix, page
		for {
			out, err := client.ListObjects(in, b.dated())
			if err != nil {
				yield(nil, classify(ctx, err))
				return
			}
			if !yield(out.Contents, nil) || !out.IsTruncated || len(out.Contents) == 0 {
				return
			}
			in.Marker = out.Contents[len(out.Contents)-1].Key
		}
	}
}

// List names objects a page at a time. The notes of copies are none.
func (b *Bucket) List(ctx context.Context, prefix string) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) {
		client, err := b.client(ctx)
		if err != nil {
			yield(store.Entry{}, err)
			return
		}
		at := roots[:]
		if prefix != "" {
			at = names(prefix)
		}
		for _, under := range at {
			for contents, err := range b.pages(ctx, client, under) {
				if err != nil {
					yield(store.Entry{}, err)
					return
				}
				for _, c := range contents {
					if key, ours := keyOf(c.Key); ours && !yield(store.Entry{Key: key, Size: c.Size, ModTime: c.LastModified}, nil) {
						return
					}
				}
			}
		}
	}
}

func (b *Bucket) remove(ctx context.Context, client *sdk.ObsClient, gone []sdk.ObjectToDelete) error {
	if len(gone) == 0 {
		return nil
	}
	out, err := client.DeleteObjects(&sdk.DeleteObjectsInput{Bucket: b.config.Bucket, Quiet: true, Objects: gone}, b.dated())
	if err != nil {
		return classify(ctx, err)
	}
	if len(out.Errors) > 0 {
		first := out.Errors[0]
		return fault.Wrap(fault.StorageUnavailable,
			fmt.Errorf("%d of %d objects were not removed: %s", len(out.Errors), len(gone), first.Code)).After(5 * time.Second)
	}
	return nil
}
