package picture

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// Photo is a judged original and its clean copy.
type Photo struct {
	JPEG        []byte // upright, at most LongSide, no metadata
	Width       int    // of the original, upright
	Height      int
	ContentType string // of the original, by content
	SHA256      string // of the original bytes, hex
	PHash       string // perceptual hash, hex
}

// Normaliser judges and cleans photos, a bounded number at once.
type Normaliser struct {
	cfg    Config
	slots  chan struct{}
	memory *semaphore.Weighted
	heavy  heavy
	spoilt *demanding
}

// heavy decodes elsewhere what must not be decoded here, as 4:2:0, shrunken to
// longSide; full is the size that it had. It bounds how many at once, and
// what each may hold.
type heavy interface {
	Decode(ctx context.Context, raw []byte, longSide int) (img *image.YCbCr, full image.Point, err error)
	MaxPixels() int64 // of an HEIC photo
}

// New makes a Normaliser; cfg must be valid. With a nil sandbox HEIC is not
// accepted and lossless WebP is decoded in this process.
func New(cfg Config, sandbox heavy) *Normaliser {
	return &Normaliser{heavy: sandbox, spoilt: newDemanding(time.Now), cfg: cfg, slots: make(chan struct{}, cfg.Decodes), memory: semaphore.NewWeighted(cfg.MaxMemory)}
}

// Limits narrow the configured bounds for one photo; zero means no narrower.
type Limits struct {
	MaxBytes  int64
	MaxPixels int64
	SHA256    string   // hex; what the bytes were declared to be, "" for nothing
	Demanding []string // SHA-256 of photos that were too much for decoders elsewhere
}

// Normalise refuses what is not acceptable, with a fault that names why, and
// returns the clean copy of the rest. It waits for a free decoder.
func (n *Normaliser) Normalise(ctx context.Context, raw []byte, l Limits) (Photo, error) {
	sum := sha256.Sum256(raw)
	digest := hex.EncodeToString(sum[:])
	if l.SHA256 != "" && !strings.EqualFold(l.SHA256, digest) {
		return Photo{}, fault.New(fault.SHA256Mismatch)
	}
	if slices.Contains(l.Demanding, digest) {
		return Photo{}, tooMuch(digest, fault.New(fault.PhotoTooDemanding))
	}
	format, head, err := n.judge(raw, l)
	if err != nil {
		return Photo{}, err
	}
	img, err := n.bounded(ctx, raw, &head)
	if err != nil {
		return Photo{}, tooMuch(digest, err)
	}
	out, err := Encode(img, n.cfg.Quality)
	if err != nil {
		return Photo{}, err
	}
	if !Bare(out) {
		return Photo{}, errors.New("normalised JPEG carries metadata")
	}
	w, h := head.upright()
	return Photo{JPEG: out, Width: w, Height: h, ContentType: string(format), SHA256: digest, PHash: perceptual(img)}, nil
}

// judge decides by size, magic and header, before any pixel is decoded.
func (n *Normaliser) judge(raw []byte, l Limits) (Format, header, error) {
	if maxBytes := narrower(n.cfg.MaxBytes, l.MaxBytes); int64(len(raw)) > maxBytes {
		return "", header{}, fault.New(fault.UploadTooLarge).With("maxBytes", strconv.FormatInt(maxBytes, 10))
	}
	format := Sniff(raw)
	if format == Unknown || format == HEIC && n.heavy == nil {
		return "", header{}, fault.New(fault.UnsupportedMediaType)
	}
	head, ok := readHeader(format, raw)
	if !ok {
		return "", header{}, fault.New(fault.PhotoBroken)
	}
	long, short := max(head.width, head.height), min(head.width, head.height)
	maxPixels := narrower(narrower(n.cfg.MaxPixels, l.MaxPixels), n.cfg.MaxMemory/int64(head.bytesPerPixel))
	switch {
	case int64(head.width)*int64(head.height) > maxPixels:
		return "", header{}, fault.New(fault.TooManyPixels).With("maxPixels", strconv.FormatInt(maxPixels, 10))
	case format == HEIC && int64(head.width)*int64(head.height) > n.heavy.MaxPixels():
		return "", header{}, fault.New(fault.PhotoHEICTooLarge).With("maxPixels", strconv.FormatInt(n.heavy.MaxPixels(), 10))
	case short < n.cfg.MinSide:
		return "", header{}, fault.New(fault.PhotoTooSmall).With("minSide", strconv.Itoa(n.cfg.MinSide))
	case float64(long) > float64(short)*n.cfg.MaxRatio:
		return "", header{}, fault.New(fault.PhotoRatio)
	}
	return format, head, nil
}

func narrower(configured, asked int64) int64 {
	if asked > 0 && asked < configured {
		return asked
	}
	return configured
}

// bounded decodes, shrinks and turns.
func (n *Normaliser) bounded(ctx context.Context, raw []byte, head *header) (*image.YCbCr, error) {
	read := n.here
	if n.heavy != nil && (head.heavy || head.cost() > n.cfg.MaxHere) {
		read = n.elsewhere
	}
	out, err := read(ctx, raw, head)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, fault.Wrap(fault.RequestCanceled, ctx.Err())
	case fault.KindOf(err) != fault.Internal: // it knows why
		return nil, err
	case err != nil:
		return nil, fault.Wrap(fault.PhotoBroken, err)
	}
	if t := head.conversion(); t != nil {
		convert(out, t)
	}
	return orient(out, head.orientation), nil
}

// here decodes in this process while it holds a slot and its memory.
func (n *Normaliser) here(ctx context.Context, raw []byte, head *header) (*image.YCbCr, error) {
	select {
	case n.slots <- struct{}{}:
		defer func() { <-n.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err := n.memory.Acquire(ctx, head.cost()); err != nil {
		return nil, err
	}
	defer n.memory.Release(head.cost())
	img, err := head.decode.safely(raw)
	if err != nil {
		return nil, err
	}
	return Shrink(img, n.cfg.LongSide), nil
}

// tooMuch names the photo in a verdict that others should know.
func tooMuch(digest string, err error) error {
	switch fault.CodeOf(err) {
	case fault.PhotoTooDemanding, fault.DecoderLost:
		return fault.As(err).With(fault.ParamSHA256, digest)
	default:
		return err
	}
}

// elsewhere has it decoded, and does not believe the result's size but when
// it is smaller than claimed: a file may have its photo cropped.
func (n *Normaliser) elsewhere(ctx context.Context, raw []byte, head *header) (*image.YCbCr, error) {
	sum := sha256.Sum256(raw)
	digest := hex.EncodeToString(sum[:])
	if n.spoilt.known(digest) {
		return nil, fault.New(fault.PhotoTooDemanding)
	}
	out, full, err := n.heavy.Decode(ctx, raw, n.cfg.LongSide)
	if err != nil {
		return nil, n.spoilt.note(digest, err)
	}
	if full.X > head.width || full.Y > head.height || min(full.X, full.Y) < n.cfg.MinSide {
		return nil, fmt.Errorf("it is %v, and claimed %d × %d", full, head.width, head.height)
	}
	head.width, head.height = full.X, full.Y
	canonical(out, head.coded)
	return out, nil
}

// decoder reads the pixels of one format.
type decoder func(raw []byte) (image.Image, error)

// safely turns the panic of a decoder that met a broken file into an error.
func (d decoder) safely(raw []byte) (img image.Image, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("decoder panicked: %v", p)
		}
	}()
	return d(raw)
}

// Pixels decodes a picture as it is stored, without any limit but those of
// its format: for a process that has limits of its own.
func Pixels(raw []byte) (image.Image, error) {
	head, ok := readHeader(Sniff(raw), raw)
	if !ok {
		return nil, errors.New("no picture")
	}
	return head.decode.safely(raw)
}

// Open decodes a picture of a provider, upright, within the configured
// bounds, as 4:2:0.
func (n *Normaliser) Open(ctx context.Context, raw []byte) (*image.YCbCr, error) {
	_, head, err := n.judge(raw, Limits{})
	if err != nil {
		return nil, err
	}
	return n.bounded(ctx, raw, &head)
}
