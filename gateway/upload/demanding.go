package upload

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

const (
	// demandingFor is how long a photo that was too much for a decoder is refused
	// without another try.
	demandingFor = 10 * time.Minute

	// decodersLost is after how many workers whose machine ended the decoder, or
	// gave it no time, the photo is held to be the cause.
	decodersLost = 2

	// demandingMost is how many such photos a worker is told of.
	demandingMost = 256

	noteWithin = time.Second
)

// demanding are the photos that were lately too much for decoders, by the SHA-256
// of their bytes. Every gateway knows them, so that the same photo costs a decoder
// once, whoever sends it, and wherever.
type demanding struct {
	bucket *engine.Bucket
	lost   *engine.Mirror[int] // decoders, by digest
	log    *slog.Logger
}

func openDemanding(ctx context.Context, e *engine.Engine, log *slog.Logger) (*demanding, error) {
	b, err := e.Bucket(ctx, engine.BucketConfig{Name: "demanding", Memory: true, MaxAge: demandingFor})
	if err != nil {
		return nil, fmt.Errorf("open demanding photos: %w", err)
	}
	return &demanding{bucket: b, log: log, lost: engine.NewMirror(engine.MirrorConfig[int]{Bucket: b, Filter: ">", Read: decoders})}, nil
}

// decoders reads an entry. One that cannot be read says nothing.
func decoders(_ context.Context, e engine.Entry) (n int, hold bool, err error) {
	n, bad := strconv.Atoi(string(e.Value))
	return n, bad == nil, nil
}

// known reports whether a photo is refused without a worker.
func (d *demanding) known(digest string) bool {
	n, _ := d.lost.Get(strings.ToLower(digest))
	return n >= decodersLost
}

// list is what workers are told, so that none decodes these.
func (d *demanding) list() (digests []string) {
	for digest, n := range d.lost.All() {
		if n >= decodersLost && len(digests) < demandingMost {
			digests = append(digests, digest)
		}
	}
	return digests
}

// note remembers what a worker's verdict says of a photo, and gives the verdict: a
// photo that has cost several decoders is too demanding.
func (d *demanding) note(ctx context.Context, verdict error) error {
	f := fault.As(verdict)
	if f == nil || f.Params[fault.ParamSHA256] == "" {
		return verdict
	}
	digest, n := f.Params[fault.ParamSHA256], decodersLost
	if f.Code != fault.PhotoTooDemanding {
		before, _ := d.lost.Get(digest)
		n = before + 1
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteWithin)
	defer cancel()
	if err := d.lost.Put(ctx, digest, []byte(strconv.Itoa(n)), engine.AnyRevision, demandingFor); err != nil {
		d.log.Warn("a photo that is too much for decoders could not be noted", "err", err)
	}
	if n >= decodersLost && f.Code != fault.PhotoTooDemanding {
		return fault.Wrap(fault.PhotoTooDemanding, verdict)
	}
	return verdict
}
