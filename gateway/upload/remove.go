package upload

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// goneFor is how long a removal is announced. It is longer than readyFor: a
// gateway that sees again either hears of it or has forgotten the upload.
const goneFor = 2 * readyFor

// Remove deletes an upload and its objects and says how many those were. The
// record goes first: from then on nobody can use it, and a removal that was
// cut short is finished by calling again. What is not there is
// fault.NotFound.
func (u *Uploads) Remove(ctx context.Context, s session.ID, id task.UploadID) (objects int, err error) {
	if !task.ValidID(string(s)) || !task.ValidID(string(id)) {
		return 0, fault.New(fault.UploadNotFound)
	}
	_, _, err = u.fetch(ctx, uploadKey(s, id))
	missing := fault.KindOf(err) == fault.NotFound && err != nil
	if err != nil && !missing {
		return 0, err
	}
	objects, err = u.remove(ctx, s, id)
	if err == nil && missing && objects == 0 {
		return 0, fault.New(fault.UploadNotFound)
	}
	return objects, err
}

func (u *Uploads) remove(ctx context.Context, s session.ID, id task.UploadID) (objects int, err error) {
	key := uploadKey(s, id)
	defer u.ready.Invalidate(key)
	if err := u.bucket.Delete(ctx, key, engine.AnyRevision); err != nil {
		return 0, fmt.Errorf("remove upload: %w", err)
	}
	if _, err := u.bucket.Put(ctx, goneKey(s, id), []byte("1"), engine.AnyRevision, goneFor); err != nil {
		return 0, fmt.Errorf("announce removal: %w", err)
	}
	u.endBodies(ctx, s, id, fault.New(fault.UploadNotFound))
	if err := u.release(ctx, s, id); err != nil {
		return 0, fmt.Errorf("release bytes: %w", err)
	}
	part, err := u.partials.Remove(s, id)
	if err != nil {
		return 0, fmt.Errorf("remove what had arrived: %w", err)
	}
	objects, err = u.store.DeletePrefix(ctx, Upload{ID: id, Session: s}.prefix())
	if part {
		objects++
	}
	if err != nil {
		return objects, fmt.Errorf("remove photo: %w", err)
	}
	return objects, nil
}

// RemoveAll deletes every upload of a session and all that is kept about
// them.
func (u *Uploads) RemoveAll(ctx context.Context, s session.ID) (uploads, objects int, err error) {
	all, err := u.List(ctx, s)
	if err != nil {
		return 0, 0, err
	}
	for _, up := range all {
		n, err := u.remove(ctx, s, up.ID)
		objects += n
		if err != nil {
			return uploads, objects, err
		}
		uploads++
	}
	parts, err := u.partials.RemoveSession(s) // of uploads whose record has expired
	objects += parts
	if err != nil {
		return uploads, objects, fmt.Errorf("remove what had arrived: %w", err)
	}
	keys, err := u.bucket.Keys(ctx, string(s)+".>")
	if err != nil {
		return uploads, objects, fmt.Errorf("list uploads: %w", err)
	}
	for _, key := range keys {
		if strings.Contains(key, gonePart) {
			continue // ends by itself
		}
		if err := u.bucket.Delete(ctx, key, engine.AnyRevision); err != nil {
			return uploads, objects, fmt.Errorf("remove upload: %w", err)
		}
	}
	return uploads, objects, nil
}

// Run forgets what other gateways remove, and what arrived of it here, and ends
// bodies that newer ones replace elsewhere, until ctx ends.
func (u *Uploads) Run(ctx context.Context) error {
	var beside sync.WaitGroup
	defer beside.Wait()
	beside.Go(func() { u.hear(ctx) })
	beside.Go(func() { _ = u.demanding.lost.Run(ctx) })
	return u.removals.Run(ctx)
}

// removed forgets one upload, and ends the body that comes for it.
func (u *Uploads) removed(_ context.Context, e engine.Entry) (none struct{}, hold bool, err error) {
	s, id, _ := cutKey(e.Key, gonePart)
	u.ready.Invalidate(uploadKey(s, id))
	u.running.stop(uploadKey(s, id), math.MaxUint64, fault.New(fault.UploadNotFound))
	if _, err := u.partials.Remove(s, id); err != nil {
		u.log.Warn("what had arrived of an upload could not be removed", "upload", id, "err", err)
	}
	return none, false, nil
}

// What stands in keys between a session and an upload.
const (
	gonePart = ".gone."
	bodyPart = ".body."
)

func goneKey(s session.ID, id task.UploadID) string { return string(s) + gonePart + string(id) }
func bodyKey(s session.ID, id task.UploadID) string { return string(s) + bodyPart + string(id) }

func cutKey(key, part string) (s session.ID, id task.UploadID, ok bool) {
	before, after, ok := strings.Cut(key, part)
	return session.ID(before), task.UploadID(after), ok
}
