package generate

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
	"github.com/imgfleet/imgfleet/worker/label"
	"github.com/imgfleet/imgfleet/worker/picture"
	"github.com/imgfleet/imgfleet/worker/provider"
)

// shelf is an object store over HTTP that remembers the order of writes.
type shelf struct {
	*httptest.Server
	mu      sync.Mutex
	objects map[string][]byte
	types   map[string]string
	order   []string
	refuse  func(method, path string) int // a status to answer instead, 0 for none
}

func newShelf(t *testing.T) *shelf {
	t.Helper()
	s := &shelf{objects: map[string][]byte{}, types: map[string]string{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse != nil {
		if status := s.refuse(r.Method, r.URL.Path); status != 0 {
			w.WriteHeader(status)
			return
		}
	}
	if r.Method == http.MethodPut {
		s.objects[r.URL.Path], s.types[r.URL.Path] = body, r.Header.Get("Content-Type")
		s.order = append(s.order, r.URL.Path)
		return
	}
	data, ok := s.objects[r.URL.Path]
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	_, _ = w.Write(data)
}

func (s *shelf) get(path string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.objects[path]
}

func (s *shelf) writes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.order...)
}

// stub is a vendor that does what its function says.
type stub struct {
	calls atomic.Int32
	make  func(ctx context.Context, r provider.Request, report func(provider.Progress)) (provider.Picture, error)
}

func (s *stub) Name() string { return "stub" }

func (s *stub) Make(ctx context.Context, r provider.Request, report func(provider.Progress)) (provider.Picture, error) {
	s.calls.Add(1)
	return s.make(ctx, r, report)
}

func colours(t testing.TB, w, h int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = byte(i * 31)
	}
	img.Set(0, 0, color.White)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type bench struct {
	worker *Worker
	shelf  *shelf
	stub   *stub
	labels *label.Labeller
}

// judge refuses pictures when told to.
type judge struct{ err error }

func (j judge) CheckPicture(context.Context, []byte) error { return j.err }

func setUp(t *testing.T, change func(*Config, *Parts)) *bench {
	t.Helper()
	labels, err := label.New(label.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	raw := colours(t, 400, 300)
	b := &bench{shelf: newShelf(t), labels: labels, stub: &stub{}}
	b.stub.make = func(ctx context.Context, r provider.Request, report func(provider.Progress)) (provider.Picture, error) {
		if _, err := r.Photo(ctx); err != nil {
			return provider.Picture{}, err
		}
		report(provider.Progress{Percent: 50, VendorTask: "v-1"})
		return provider.Picture{Data: raw, VendorTask: "v-1", RequestID: "r-1"}, nil
	}
	b.shelf.objects["/photo"] = colours(t, 200, 200)
	cfg := Defaults()
	cfg.Heartbeat = 20 * time.Millisecond
	cfg.StoreWithin = 5 * time.Second
	p := Parts{
		Providers: map[string]*provider.Provider{
			"stub": provider.New(provider.Config{Name: "stub", PriceFen: 20}, b.stub, provider.NewMetrics(nil)),
		},
		Pictures: picture.New(picture.Defaults(), nil), Labels: labels, Pixels: judge{}, Logger: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&cfg, &p)
	}
	b.worker = New(cfg, p)
	return b
}

func (b *bench) attempt(n int) workerrpc.Attempt {
	base := fmt.Sprintf("%s/%d", b.shelf.URL, n)
	return workerrpc.Attempt{
		Task: task.ID(task.DeriveID("t")), Number: n, Provider: "stub", Timeout: 10 * time.Second,
		PhotoURL: b.shelf.URL + "/photo", ImageURL: base + ".jpg", ThumbURL: base + ".thumb.jpg", ManifestURL: base + ".json",
	}
}

// generate collects an attempt's updates and returns its outcome.
func (b *bench) generate(ctx context.Context, a workerrpc.Attempt) (*workerrpc.Outcome, []workerrpc.Update, error) {
	var updates []workerrpc.Update
	err := b.worker.Generate(ctx, a, func(u workerrpc.Update) error {
		updates = append(updates, u)
		return nil
	})
	if len(updates) == 0 {
		return nil, nil, err
	}
	return updates[len(updates)-1].Outcome, updates, err
}

func failing(err error) func(context.Context, provider.Request, func(provider.Progress)) (provider.Picture, error) {
	return func(context.Context, provider.Request, func(provider.Progress)) (provider.Picture, error) {
		return provider.Picture{}, err
	}
}
