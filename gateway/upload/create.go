package upload

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// Types lists the content types that a client may declare. A worker finds out
// what the bytes really are.
func Types() []string {
	return []string{"image/jpeg", "image/jpg", "image/png", "image/heic", "image/heif", "image/webp"}
}

// Create declares a photo and reserves its bytes. When the session already has a
// ready upload with the declared SHA-256, it returns that one and there is
// nothing to send.
func (u *Uploads) Create(ctx context.Context, s session.ID, r CreateRequest) (up Upload, reused bool, err error) {
	r.SHA256 = strings.ToLower(r.SHA256)
	r.ContentType = mediaType(r.ContentType)
	consent, err := u.checkConsent(r.Consent)
	if err == nil {
		err = u.checkDeclared(r)
	}
	if err != nil {
		u.met.refused.WithLabelValues(string(fault.CodeOf(err))).Inc()
		return Upload{}, false, err
	}
	if r.SHA256 != "" {
		if up, err := u.same(ctx, s, r.SHA256); err == nil || fault.KindOf(err) != fault.NotFound {
			return up, err == nil, err
		}
	}
	now := u.now().UTC()
	up = Upload{
		ID: task.UploadID(task.NewID()), Session: s, Status: Pending, ContentType: r.ContentType, Size: r.Size,
		SHA256: r.SHA256, Consent: consent, Metadata: r.Metadata, CreatedAt: now, ExpiresAt: now.Add(u.config.PutWithin),
	}
	up.RawKey, up.PhotoKey = up.prefix()+"raw", up.prefix()+"photo.jpg"
	err = u.store.Fits(ctx, up.Size)
	if err == nil {
		err = u.reserve(ctx, up)
	}
	if err != nil {
		u.met.refused.WithLabelValues(string(fault.CodeOf(err))).Inc()
		return Upload{}, false, err
	}
	if err := u.put(ctx, up, 0); err != nil {
		return Upload{}, false, errors.Join(err, u.takeBack(ctx, up))
	}
	u.met.created.Inc()
	return up, false, nil
}

// takeBackWithin is how long a declaration that failed takes its bytes back.
// They count until they would expire otherwise.
const takeBackWithin = 300 * time.Millisecond

func (u *Uploads) takeBack(ctx context.Context, up Upload) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), takeBackWithin)
	defer cancel()
	_, err := u.remove(ctx, up.Session, up.ID)
	return err
}

// prefix is where an upload's objects are.
func (up Upload) prefix() string {
	return string(up.Session) + "/uploads/" + string(up.ID) + "/"
}

// checkConsent returns the policy version that was agreed to.
func (u *Uploads) checkConsent(c Consent) (string, error) {
	current := u.policy()
	switch {
	case c.PolicyVersion == "" && c.Given, c.PolicyVersion == current && current != "":
		return current, nil
	case c.PolicyVersion == "" && u.config.ConsentFree:
		return "", nil
	default:
		return "", fault.New(fault.ConsentRequired).With("policyVersion", current).
			At("/consent", fault.FieldRequired, "must be true or {\"policyVersion\":\""+current+"\"}")
	}
}

func (u *Uploads) checkDeclared(r CreateRequest) error {
	limit := u.limits().MaxUploadBytes
	bad := fault.New(fault.InvalidRequest)
	switch {
	case r.ContentType == "":
		return bad.At("/contentType", fault.FieldRequired, "must name the photo's type")
	case r.Size <= 0:
		return bad.At("/size", fault.FieldOutOfRange, "must be the photo's size in bytes")
	case r.SHA256 != "" && !isSHA256(r.SHA256):
		return bad.At("/sha256", fault.FieldMalformed, "must be 64 hexadecimal digits")
	case !slices.Contains(Types(), r.ContentType):
		return fault.New(fault.UnsupportedMediaType).At("/contentType", fault.FieldUnsupported, "must be one of "+strings.Join(Types(), ", "))
	case limit > 0 && r.Size > limit:
		return errTooLarge(limit)
	}
	return nil
}

func errTooLarge(limit int64) error {
	return fault.New(fault.UploadTooLarge).With("maxBytes", strconv.FormatInt(limit, 10)).
		At("/size", fault.FieldOutOfRange, "must be at most "+strconv.FormatInt(limit, 10))
}

// same finds the ready upload of a session with these bytes.
func (u *Uploads) same(ctx context.Context, s session.ID, sha string) (Upload, error) {
	e, err := u.bucket.Ask(ctx, shaKey(s, sha))
	if err != nil {
		return Upload{}, err
	}
	up, _, err := u.fetch(ctx, uploadKey(s, task.UploadID(e.Value)))
	if err == nil && up.Status != Ready {
		err = fault.New(fault.UploadNotFound)
	}
	return up, err
}

// index lets a later declaration of the same bytes find a ready upload.
func (u *Uploads) index(ctx context.Context, up Upload) error {
	sha, ok := strings.CutPrefix(up.Fingerprint, "sha256:")
	if !ok || !isSHA256(sha) {
		return nil
	}
	_, err := u.bucket.Put(ctx, shaKey(up.Session, sha), []byte(up.ID), engine.AnyRevision, up.ExpiresAt.Sub(u.now()))
	if err != nil {
		return fmt.Errorf("index upload: %w", err)
	}
	return nil
}

func shaKey(s session.ID, sha string) string { return string(s) + ".sha." + sha }

func isSHA256(s string) bool {
	_, err := hex.DecodeString(s)
	return err == nil && len(s) == 64
}

// mediaType drops parameters and case.
func mediaType(s string) string {
	s, _, _ = strings.Cut(s, ";")
	return strings.ToLower(strings.TrimSpace(s))
}
