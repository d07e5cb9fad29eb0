package obs

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// deafBucket answers until it falls silent: it takes connections, and bytes as
// far as the network holds them, and says nothing.
func deafBucket(t *testing.T) (b *Bucket, silence func()) {
	t.Helper()
	var silent atomic.Bool
	over := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if silent.Load() {
			<-over
			return
		}
		if r.Method == http.MethodGet && r.URL.RawQuery == "" {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "half of it")
			_ = http.NewResponseController(w).Flush()
			<-over
		}
	}))
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(over) })
	b, err := Open(t.Context(), Config{
		Endpoint: s.URL, Bucket: "pictures", Credentials: Defaults().Credentials, Signature: SignatureV4, PathStyle: true, Region: "r",
		AccessKey: secret.New("a"), SecretKey: secret.New("s"), Retention: time.Hour,
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return b, func() { silent.Store(true) }
}

func TestASilentBucketMakesNobodyWaitLong(t *testing.T) {
	t.Parallel()
	b, silence := deafBucket(t)
	key := task.NewID() + "/uploads/u/raw"
	half, _, err := b.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = half.Close() }()
	silence()
	path := filepath.Join(t.TempDir(), "photo")
	if err := os.WriteFile(path, make([]byte, 12<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	var calls sync.WaitGroup
	for name, call := range map[string]func(context.Context) error{
		"stat":   func(ctx context.Context) error { _, err := b.Stat(ctx, key); return err },
		"open":   func(ctx context.Context) error { _, _, err := b.Open(ctx, key); return err },
		"copy":   func(ctx context.Context) error { return b.Copy(ctx, key, key) },
		"delete": func(ctx context.Context) error { _, err := b.Delete(ctx, key); return err },
		"remove": func(ctx context.Context) error { _, err := b.DeletePrefix(ctx, "x/"); return err },
		"put":    func(ctx context.Context) error { _, err := b.Put(ctx, key, strings.NewReader("picture")); return err },
		"adopt":  func(ctx context.Context) error { return b.Adopt(ctx, key, path) },
	} {
		calls.Go(func() {
			began := time.Now()
			err := call(t.Context())
			if took := time.Since(began); fault.CodeOf(err) != fault.StorageUnavailable || fault.As(err).RetryAfter == 0 || took > 5*time.Second {
				t.Errorf("%s: %v after %v", name, err, took)
			}
		})
	}
	calls.Go(func() {
		began := time.Now()
		if _, err := io.ReadAll(half); err == nil || time.Since(began) > 2*stallWithin {
			t.Errorf("the rest of an object: %v after %v", err, time.Since(began))
		}
	})
	calls.Wait()
}
