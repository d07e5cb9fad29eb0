package generate

import (
	"context"
	"fmt"
	"image"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/tick"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
	"github.com/imgfleet/imgfleet/worker/picture"
	"github.com/imgfleet/imgfleet/worker/provider"
)

// rendition is a finished picture and its thumbnail, both labelled.
type rendition struct {
	image, thumb  []byte
	width, height int
}

// stableCache keeps the renditions of pictures that never change, so that a
// load test measures the system and not a JPEG encoder. They are few and are
// kept for the worker's life.
type stableCache struct {
	mu   sync.Mutex
	byID map[string]rendition
}

const maxStable = 16

func (c *stableCache) get(id string) (rendition, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.byID[id]
	return r, ok
}

func (c *stableCache) put(id string, r rendition) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byID == nil {
		c.byID = map[string]rendition{}
	}
	if len(c.byID) < maxStable {
		c.byID[id] = r
	}
}

// What judges and decodes may be busy or away for a moment, and a picture that
// is paid for is not thrown away for that.
const (
	renderTries = 5
	renderPause = 500 * time.Millisecond // then twice as long
)

// renderAnyhow renders, and tries again what may pass.
func (w *Worker) renderAnyhow(ctx context.Context, a workerrpc.Attempt, pic provider.Picture) (rendition, error) {
	for try, pause := 1, renderPause; ; try, pause = try+1, 2*pause {
		done, err := w.render(ctx, a, pic)
		if k := fault.KindOf(err); err == nil || try == renderTries || k != fault.Unavailable && k != fault.Timeout || !tick.Wait(ctx, pause) {
			return done, err
		}
	}
}

// render opens, judges, brands and labels a picture. A stable picture is
// rendered once for each brand, so its content number is its own and not the
// task's.
func (w *Worker) render(ctx context.Context, a workerrpc.Attempt, pic provider.Picture) (rendition, error) {
	if pic.Stable == "" {
		return w.renderNew(ctx, fmt.Sprintf("%s-%d", a.Task, a.Number), a.BrandMark, pic.Data)
	}
	stable := pic.Stable + "\x00" + a.BrandMark
	if r, ok := w.stable.get(stable); ok {
		return r, nil
	}
	r, err := w.renderNew(ctx, pic.Stable, a.BrandMark, pic.Data)
	if err == nil {
		w.stable.put(stable, r)
	}
	return r, err
}

func (w *Worker) renderNew(ctx context.Context, id, brand string, data []byte) (rendition, error) {
	if err := w.pixels.CheckPicture(ctx, data); err != nil {
		return rendition{}, fmt.Errorf("check picture: %w", err)
	}
	img, err := w.pictures.Open(ctx, data)
	if err != nil {
		return rendition{}, fmt.Errorf("open picture: %w", err)
	}
	small := picture.Fit(img, w.cfg.ThumbSide)
	for _, p := range []*image.YCbCr{img, small} {
		if err := w.labels.Brand(p, brand); err != nil {
			return rendition{}, err
		}
	}
	r := rendition{width: img.Rect.Dx(), height: img.Rect.Dy()}
	if r.image, err = w.labels.Label(img, id, w.cfg.Quality); err != nil {
		return rendition{}, err
	}
	if r.thumb, err = w.labels.Label(small, id, thumbQuality); err != nil {
		return rendition{}, err
	}
	return r, nil
}

const thumbQuality = 82

// store writes picture and thumbnail; the manifest follows when both are
// there.
func (w *Worker) store(ctx context.Context, r *run, done rendition) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		return w.objects.save(ctx, func() string { return r.addresses().ImageURL }, contentJPEG, done.image)
	})
	if r.addresses().ThumbURL != "" {
		g.Go(func() error {
			return w.objects.save(ctx, func() string { return r.addresses().ThumbURL }, contentJPEG, done.thumb)
		})
	}
	return g.Wait()
}
