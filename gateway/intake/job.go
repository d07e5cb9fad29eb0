package intake

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/gateway/ratelimit"
	"github.com/imgfleet/imgfleet/gateway/session"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const maxKey = 255

// taskID derives the id from the key, so that a retry finds its task, or
// draws one when there is no key.
func taskID(s session.ID, route, key string) (task.ID, error) {
	if key == "" {
		return task.ID(task.NewID()), nil
	}
	if len(key) > maxKey {
		return "", errKey()
	}
	for i := range len(key) {
		if key[i] < 0x21 || key[i] > 0x7e {
			return "", errKey()
		}
	}
	return task.ID(task.DeriveID(string(s), route, key)), nil
}

func errKey() error {
	return fault.New(fault.IdempotencyKeyInvalid).
		At("Idempotency-Key", fault.FieldMalformed, "must be 1…255 visible ASCII characters")
}

// bodyHash is the same for two requests that mean the same, whatever their
// bytes.
func bodyHash(r Request) string {
	parts := []string{string(r.Upload), r.Style, r.Place, optionsText(r.Options)}
	if r.Campaign != "" {
		parts = append(parts, r.Campaign)
	}
	return digest(parts...)
}

// cacheKey is the same for two requests that may share a picture. Those of
// different arms, or with different brand marks, may not.
func cacheKey(fingerprint, style, place string, o task.Options, version int, arm *task.Arm, mark string) string {
	parts := []string{fingerprint, style, place, optionsText(o), strconv.Itoa(version)}
	if arm != nil {
		parts = append(parts, arm.Book, arm.Name)
	}
	if mark != "" {
		parts = append(parts, "mark", mark)
	}
	return digest(parts...)
}

// optionsText is the same for options that mean the same. Only the note is free
// text, and it comes last, so two different options never give the same text.
func optionsText(o task.Options) string {
	seed := ""
	if o.Seed != nil {
		seed = strconv.FormatInt(*o.Seed, 10)
	}
	return strings.Join([]string{
		o.Aspect, o.Resolution, strconv.Itoa(o.Steps), strconv.FormatFloat(o.CFG, 'g', -1, 64), seed, o.Note,
	}, "\x00")
}

// digest hashes the parts with their lengths, so "ab", "c" is not "a", "bc".
func digest(parts ...string) string {
	h := sha256.New()
	var n [4]byte
	for _, p := range parts {
		binary.BigEndian.PutUint32(n[:], uint32(len(p)))
		h.Write(n[:])
		h.Write([]byte(p))
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:18])
}

// job is the request with all that dispatch and workers need of it.
func (in *Intake) job(d *draft) *task.Job {
	now := in.now().UTC().Truncate(time.Millisecond)
	o := d.Options
	o.Note = d.choice.note
	return &task.Job{
		ID: d.id, Session: d.Session, Network: ratelimit.Network(d.Client), Region: in.config.Region, Language: language(d.Language),
		CreatedAt: now, Deadline: now.Add(in.config.Deadline), ExpiresAt: now.Add(in.config.Retention), BodyHash: d.hash,
		Upload: d.photo.ID, Fingerprint: d.photo.Fingerprint, PhotoKey: d.photo.PhotoKey,
		PhotoWidth: d.photo.Width, PhotoHeight: d.photo.Height,
		Style: d.choice.style, Place: d.choice.place, Options: o, Seed: drawSeed(o.Seed, d.not),
		CatalogVersion: d.choice.version, CacheKey: d.cacheKey, Arm: d.arm, Campaign: d.Campaign, BrandMark: d.mark, RequestID: d.RequestID,
	}
}

// drawSeed takes the given seed, or draws one other than not.
func drawSeed(given *int64, not int64) int64 {
	if given != nil {
		return *given
	}
	for {
		var b [4]byte
		_, _ = rand.Read(b[:]) // never fails since Go 1.24
		if seed := int64(binary.BigEndian.Uint32(b[:]) & maxSeed); seed != not {
			return seed
		}
	}
}

func language(tag string) string {
	if strings.HasPrefix(strings.ToLower(tag), "en") {
		return "en"
	}
	return "zh-CN"
}
