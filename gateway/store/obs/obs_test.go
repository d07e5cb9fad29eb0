package obs

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/store"
	"github.com/imgfleet/imgfleet/gateway/store/storetest"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// place is where the suite and what goes beyond it are run: a real server,
// and a double that knows OBS's own signature.
type place interface {
	open(t *testing.T) *Bucket
}

func TestARealS3ServerPassesTheSuite(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	t.Run("Suite", func(t *testing.T) {
		t.Parallel()
		storetest.Run(t, func(t *testing.T) store.Driver { return s.open(t) })
	})
	beyondTheSuite(t, s)
	t.Run("ASignedWriteHoldsTheSize", func(t *testing.T) {
		t.Parallel()
		b := s.open(t)
		key := task.NewID() + "/uploads/" + task.NewID() + "/raw"
		url, headers := upload(t, b, key, 5)
		if code := sendWith(t, b, url, headers, "123456"); code != http.StatusForbidden {
			t.Errorf("one byte more: %d", code)
		}
		if code := sendWith(t, b, url, headers, "12345"); code != http.StatusOK {
			t.Errorf("exactly: %d", code)
		}
		if len(headers) != 1 { // no other server knows OBS's
			t.Errorf("a client must send %v", headers)
		}
	})
}

func TestOBSSignaturesPassTheSuite(t *testing.T) {
	t.Parallel()
	s := startDouble(t)
	t.Run("Suite", func(t *testing.T) {
		t.Parallel()
		storetest.Run(t, func(t *testing.T) store.Driver { return s.open(t) })
	})
	beyondTheSuite(t, s)
}

func beyondTheSuite(t *testing.T, p place) {
	t.Helper()
	for name, check := range map[string]func(*testing.T, *Bucket){
		"SignedURLsAllowWhatTheySay":     signedURLsAllowWhatTheySay,
		"CopiesAreSweptWithTheirPicture": copiesAreSweptWithTheirPicture,
		"AnotherObjectIsNoCopy":          anotherObjectIsNoCopy,
		"ForeignObjectsStay":             foreignObjectsStay,
		"ALargeObjectIsSpooled":          aLargeObjectIsSpooled,
		"WrongKeysAreUnavailable":        wrongKeysAreUnavailable,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, p.open(t))
		})
	}
}

func signedPut(t *testing.T, b *Bucket, key, contentType string) string {
	t.Helper()
	url, err := b.PutURL(key, contentType, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return url
}

// upload is what a client is told to do.
func upload(t *testing.T, b *Bucket, key string, size int64) (url string, headers map[string]string) {
	t.Helper()
	url, headers, err := b.UploadURL(key, "image/jpeg", size, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return url, headers
}

// send is what a worker does: the URL and a type, and nothing else.
func send(t *testing.T, b *Bucket, url, contentType, body string) int {
	t.Helper()
	return sendWith(t, b, url, map[string]string{"Content-Type": contentType}, body)
}

func sendWith(t *testing.T, b *Bucket, url string, headers map[string]string, body string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	return do(t, b, req).StatusCode
}

type answer struct {
	*http.Response
	body string
}

func do(t *testing.T, b *Bucket, req *http.Request) answer {
	t.Helper()
	resp, err := (&http.Client{Transport: b.transport}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp, string(body)}
}

func fetch(t *testing.T, b *Bucket, url string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return do(t, b, req)
}

func signedURLsAllowWhatTheySay(t *testing.T, b *Bucket) {
	key, other := task.NewID()+"/tasks/x/1.jpg", task.NewID()+"/tasks/x/1.jpg"
	url := signedPut(t, b, key, "image/jpeg")
	if code := send(t, b, url, "text/html", "<script>"); code != http.StatusForbidden {
		t.Errorf("another type: %d", code)
	}
	if code := send(t, b, strings.ReplaceAll(url, name(key), name(other)), "image/jpeg", "x"); code != http.StatusForbidden {
		t.Errorf("another key: %d", code)
	}
	if code := send(t, b, url, "image/jpeg", "a heron"); code != http.StatusOK {
		t.Fatalf("put: %d", code)
	}
	read, err := b.GetURL(key, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	got := fetch(t, b, read)
	if got.StatusCode != http.StatusOK || got.body != "a heron" || got.Header.Get("Content-Type") != "image/jpeg" || got.Header.Get("Cache-Control") != store.CacheControl {
		t.Errorf("get: %d %q, %v", got.StatusCode, got.body, got.Header)
	}
	if code := send(t, b, read, "image/jpeg", "x"); code != http.StatusForbidden {
		t.Errorf("a write with a reader's URL: %d", code)
	}
	if got := fetch(t, b, read[:strings.Index(read, "?")]); got.StatusCode != http.StatusForbidden {
		t.Errorf("no signature: %d", got.StatusCode)
	}
}

func copiesAreSweptWithTheirPicture(t *testing.T, b *Bucket) {
	from, to, again := task.NewID()+"/tasks/x/1.jpg", task.NewID()+"/tasks/y/0.jpg", task.NewID()+"/tasks/z/0.jpg"
	put(t, b, from)
	made, err := b.Stat(t.Context(), from)
	if err != nil {
		t.Fatal(err)
	}
	<-time.After(1100 * time.Millisecond) // the bucket's clock has whole seconds
	for _, step := range [][2]string{{from, to}, {to, again}} {
		if err := b.Copy(t.Context(), step[0], step[1]); err != nil {
			t.Fatal(err)
		}
		if i, err := b.Stat(t.Context(), step[1]); err != nil || !i.ModTime.Equal(made.ModTime) {
			t.Errorf("copy: %+v, %v; want the age of %+v", i, err, made)
		}
	}
	if n, err := b.Sweep(t.Context(), made.ModTime.Add(time.Second)); n != 3 || err != nil {
		t.Errorf("swept %d, %v; want the picture and both copies", n, err)
	}
	wantEmpty(t, b)
}

func put(t *testing.T, b *Bucket, key string) {
	t.Helper()
	if _, err := b.Put(t.Context(), key, strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
}

func wantEmpty(t *testing.T, b *Bucket) {
	t.Helper()
	if left := list(t, b); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

func anotherObjectIsNoCopy(t *testing.T, b *Bucket) {
	from, to := task.NewID()+"/tasks/x/1.jpg", task.NewID()+"/tasks/y/0.jpg"
	put(t, b, from)
	if err := b.Copy(t.Context(), from, to); err != nil {
		t.Fatal(err)
	}
	made, err := b.Stat(t.Context(), from)
	if err != nil {
		t.Fatal(err)
	}
	<-time.After(1100 * time.Millisecond)
	put(t, b, to) // anew, over the copy
	if n, err := b.Sweep(t.Context(), made.ModTime.Add(time.Second)); n != 1 || err != nil {
		t.Errorf("swept %d, %v; want the old picture only", n, err)
	}
	session, _, _ := strings.Cut(to, "/")
	if n, err := b.DeletePrefix(t.Context(), session+"/"); n != 1 || err != nil {
		t.Errorf("deleted %d, %v", n, err)
	}
	wantEmpty(t, b)
}

func foreignObjectsStay(t *testing.T, b *Bucket) {
	url, err := b.sign(foreign(), time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if code := send(t, b, url, "text/plain", "mine"); code != http.StatusOK {
		t.Fatalf("put: %d", code)
	}
	key := task.NewID() + "/drafts/1.jpg" // of a kind that has no root of its own
	put(t, b, key)
	if n, err := b.Sweep(t.Context(), time.Now().Add(time.Hour)); n != 1 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
	if left := list(t, b); len(left) != 1 || left[0] != "holiday.jpg" {
		t.Errorf("left: %v", left)
	}
}

func aLargeObjectIsSpooled(t *testing.T, b *Bucket) {
	key := task.NewID() + "/uploads/u/raw"
	for _, size := range []int{inMemory, inMemory + 1, 3 << 20} {
		text := strings.Repeat("x", size)
		if n, err := b.Put(t.Context(), key, io.MultiReader(strings.NewReader(text))); n != int64(size) || err != nil {
			t.Fatalf("%d bytes: n = %d, err = %v", size, n, err)
		}
		if i, err := b.Stat(t.Context(), key); err != nil || i.Size != int64(size) {
			t.Errorf("%d bytes: %+v, %v", size, i, err)
		}
	}
}

func wrongKeysAreUnavailable(t *testing.T, b *Bucket) {
	c := b.config
	c.SecretKey = secret.New("another")
	if _, err := open(t.Context(), c, slog.New(slog.DiscardHandler), nil, b.transport); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("open: %v", err)
	}
	wrong := *b
	wrong.config = c
	if _, err := wrong.Put(t.Context(), task.NewID()+"/tasks/x/1.jpg", strings.NewReader("x")); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("put: %v", err)
	}
	if strings.Contains(c.SecretKey.Reveal(), "x") && list(t, b) != nil {
		t.Error("something was written")
	}
}
