package upload

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/imgfleet/imgfleet/gateway/ratelimit"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// Complete has a worker inspect and normalise the photo, and makes the upload
// ready. It may be called again, also at the same time: the photo is inspected
// once. A refused photo is deleted; the code of the refusal says why. Photos wait
// in turns, by network and session. What takes too long is fault.WorkerBusy, and
// whoever calls again soon finds the place of the photo, or the result. Where no
// worker is heard it is fault.NoWorkers soon; engine and store have short bounds.
func (u *Uploads) Complete(ctx context.Context, s session.ID, client netip.Addr, id task.UploadID) (Upload, error) {
	up, err := u.Get(ctx, s, id)
	if err != nil || up.Status == Ready {
		return up, err
	}
	return u.places.wait(ctx, uploadKey(s, id), judgement{
		judge: func(wanted context.Context) (Upload, error) {
			return u.inspect(context.WithoutCancel(ctx), wanted, s, client, id)
		},
		ready: func(ctx context.Context) (Upload, bool) {
			up, _, err := u.fetch(ctx, uploadKey(s, id))
			return up, err == nil && up.Status == Ready
		},
	})
}

// inspect judges a photo. It waits for the photo's turn as long as it is wanted.
func (u *Uploads) inspect(ctx, wanted context.Context, s session.ID, client netip.Addr, id task.UploadID) (Upload, error) {
	up, revision, err := u.prepare(ctx, s, id)
	if err != nil || up.Status == Ready {
		return up, err
	}
	if up.SHA256 != "" && u.demanding.known(up.SHA256) {
		return Upload{}, u.refuse(ctx, up, fault.New(fault.PhotoTooDemanding))
	}
	start := u.now()
	r := u.request(up)
	r.Turn, r.RequestID = u.turn(s, client), telemetry.Request(ctx)
	seen, err := u.inspector.Inspect(wanted, r)
	u.met.inspectSeconds.Observe(u.now().Sub(start).Seconds())
	if err == nil && up.SHA256 != "" && seen.Fingerprint != "sha256:"+up.SHA256 {
		err = fault.New(fault.SHA256Mismatch)
	}
	if err != nil {
		return Upload{}, u.refuse(ctx, up, u.demanding.note(ctx, err))
	}
	return u.finish(ctx, up, revision, seen)
}

// turn says with whom a photo takes turns. Workers learn who belongs together, and
// not who that is.
func (u *Uploads) turn(s session.ID, client netip.Addr) workerrpc.Turn {
	return workerrpc.Turn{
		Site: u.blurred(ratelimit.Network(client)), Network: u.blurred(ratelimit.Address(client)), Session: u.blurred(string(s)),
	}
}

// blurred is the same on every gateway, and says nothing to who has no key.
func (u *Uploads) blurred(who string) string {
	return hex.EncodeToString(u.keys.Sign(turnPurpose, []byte(who))[:8])
}

const turnPurpose = "turn"

// prepare finds the upload and its bytes.
func (u *Uploads) prepare(ctx context.Context, s session.ID, id task.UploadID) (up Upload, revision uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, u.config.Prepare)
	defer cancel()
	up, revision, err = u.fetch(ctx, uploadKey(s, id))
	if err != nil || up.Status == Ready {
		return up, revision, err
	}
	raw, err := u.store.Stat(ctx, up.RawKey)
	switch {
	case err != nil && fault.KindOf(err) == fault.NotFound:
		return Upload{}, 0, fault.New(fault.UploadIncomplete)
	case err != nil:
		return Upload{}, 0, fmt.Errorf("find raw photo: %w", err)
	case raw.Size != up.Size:
		return Upload{}, 0, u.missized(ctx, up, raw.Size)
	}
	return up, revision, nil
}

// tidyWithin is how long an upload that is ready waits for what expiry would do.
const tidyWithin = time.Second

// missized drops bytes that are not as many as declared. They were sent past the
// gateways; the right ones may be sent to the same URL.
func (u *Uploads) missized(ctx context.Context, up Upload, size int64) error {
	_, err := u.store.Delete(ctx, up.RawKey)
	return errors.Join(checkLength(size, up.Size), err)
}

func (u *Uploads) request(up Upload) workerrpc.InspectRequest {
	limits := u.limits()
	until := u.now().Add(placeMost + urlSlack) // it may wait for its turn
	maxBytes := limits.MaxUploadBytes
	if maxBytes == 0 {
		maxBytes = up.Size
	}
	return workerrpc.InspectRequest{
		RawURL: u.store.WorkerGetURL(up.RawKey, until), PhotoURL: u.store.WorkerPutURL(up.PhotoKey, "image/jpeg", maxPhoto, until),
		DeclaredType: up.ContentType, SHA256: up.SHA256, MaxBytes: maxBytes, MaxPixels: limits.MaxPixels, Demanding: u.demanding.list(),
	}
}

// urlSlack is how much longer workers may use a photo's addresses than it may wait.
const urlSlack = 2 * time.Minute

// maxPhoto bounds the normalised JPEG, which is at most 2048 px long.
const maxPhoto = 16 << 20

// refuse deletes a photo that the worker refused. When the inspection itself
// failed, everything stays as it is for another try.
func (u *Uploads) refuse(ctx context.Context, up Upload, cause error) error {
	switch fault.KindOf(cause) {
	case fault.Invalid, fault.Unprocessable, fault.TooLarge, fault.Unsupported:
	default:
		return fmt.Errorf("inspect photo: %w", cause)
	}
	u.met.refused.WithLabelValues(string(fault.CodeOf(cause))).Inc()
	if _, err := u.remove(ctx, up.Session, up.ID); err != nil {
		return errors.Join(cause, err)
	}
	return cause
}

// finish makes the upload ready and drops the raw bytes.
func (u *Uploads) finish(ctx context.Context, up Upload, revision uint64, seen workerrpc.Inspected) (Upload, error) {
	now := u.now().UTC()
	up.Status, up.ContentType = Ready, seen.ContentType
	up.Width, up.Height = seen.Width, seen.Height
	up.Fingerprint, up.PHash = seen.Fingerprint, seen.PHash
	up.ExpiresAt = now.Add(u.config.Retention)
	err := u.put(ctx, up, revision)
	if fault.KindOf(err) == fault.Conflict && err != nil {
		return u.lost(ctx, up)
	}
	if err != nil {
		return Upload{}, err
	}
	u.ready.Set(uploadKey(up.Session, up.ID), up)
	u.met.completed.Inc()
	u.endBodies(ctx, up.Session, up.ID, fault.New(fault.UploadAlreadyComplete))
	// The upload is ready; what is left is housekeeping that expiry would do.
	ctx, cancel := context.WithTimeout(ctx, tidyWithin)
	defer cancel()
	if _, err := u.store.Delete(ctx, up.RawKey); err != nil {
		u.log.Warn("raw photo could not be removed", "upload", up.ID, "err", err)
	}
	if err := errors.Join(u.extend(ctx, up), u.index(ctx, up)); err != nil {
		u.log.Warn("upload could not be indexed", "upload", up.ID, "err", err)
	}
	return up, nil
}

// lost is the answer when another gateway was faster: the upload as that one
// left it. When it was deleted meanwhile, our copy of the photo goes too.
func (u *Uploads) lost(ctx context.Context, up Upload) (Upload, error) {
	now, _, err := u.fetch(ctx, uploadKey(up.Session, up.ID))
	if fault.KindOf(err) == fault.NotFound && err != nil {
		if _, derr := u.store.DeletePrefix(ctx, up.prefix()); derr != nil {
			return Upload{}, errors.Join(err, derr)
		}
	}
	return now, err
}
