package store_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/store"
	"github.com/imgfleet/imgfleet/gateway/store/disk"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

type ring struct{ secret string }

func (r ring) Sign(purpose string, msg []byte) []byte {
	h := hmac.New(sha256.New, []byte(r.secret+purpose))
	h.Write(msg)
	return h.Sum(nil)[:16]
}

func (r ring) Verify(_ context.Context, purpose string, msg, mac []byte) (bool, error) {
	return hmac.Equal(r.Sign(purpose, msg), mac), nil
}

func open(t testing.TB, c store.Config) *store.Store {
	t.Helper()
	d, err := disk.Open(disk.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.New(c, store.Deps{Driver: d, Keys: ring{"secret"}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func config() store.Config {
	c := store.Defaults()
	c.InternalURL = "http://127.0.0.1:8080"
	return c
}

func TestPutBoundsTheSize(t *testing.T) {
	t.Parallel()
	s := open(t, config())
	key := task.NewID() + "/tasks/x/1.jpg"
	if n, err := s.Put(t.Context(), key, strings.NewReader("12345"), 5); n != 5 || err != nil {
		t.Errorf("exactly the limit: n = %d, err = %v", n, err)
	}
	other := task.NewID() + "/tasks/x/1.jpg"
	if _, err := s.Put(t.Context(), other, strings.NewReader("123456"), 5); fault.KindOf(err) != fault.TooLarge {
		t.Errorf("one more: %v", err)
	}
	if _, err := s.Stat(t.Context(), other); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a refused object is there: %v", err)
	}
	o, err := s.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = o.Close() }()
	if body, _ := io.ReadAll(o); string(body) != "12345" || o.ContentType != "image/jpeg" || o.Size != 5 {
		t.Errorf("object = %+v, body %q", o, body)
	}
}

func query(t *testing.T, raw, wantPrefix string) (key string, q url.Values) {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil || !strings.HasPrefix(raw, wantPrefix) {
		t.Fatalf("url = %q, err = %v, want prefix %q", raw, err, wantPrefix)
	}
	_, key, _ = strings.Cut(u.Path, "/files/")
	return key, u.Query()
}

func TestSignedURLsAllowExactlyWhatTheySay(t *testing.T) {
	t.Parallel()
	c := config()
	s := open(t, c)
	now := time.Now()
	raw := task.NewID() + "/uploads/" + task.NewID() + "/raw"
	key, get := query(t, s.URL(raw, now.Add(time.Hour)), "/files/")
	address, headers := s.UploadURL(raw, "image/jpeg", 1234, now.Add(time.Hour))
	if len(headers) != 1 || headers["Content-Type"] != "image/jpeg" {
		t.Errorf("headers = %v", headers)
	}
	_, put := query(t, address, "/files/")
	_, workerGet := query(t, s.WorkerGetURL(raw, now.Add(time.Hour)), "http://127.0.0.1:8080/files/")
	_, workerPut := query(t, s.WorkerPutURL(raw, "application/json", 99, now.Add(time.Hour)), "http://127.0.0.1:8080/files/")
	if key != raw {
		t.Errorf("key = %q", key)
	}
	for _, c := range []struct {
		name   string
		method string
		q      url.Values
		want   store.Grant
		code   fault.Code
		at     time.Time
	}{
		{"get", "GET", get, store.Grant{Key: raw}, "", now},
		{"head of a get", "HEAD", get, store.Grant{Key: raw}, "", now},
		{"worker get", "GET", workerGet, store.Grant{Key: raw}, "", now},
		{"put", "PUT", put, store.Grant{Key: raw, ContentType: "image/jpeg", Size: 1234}, "", now},
		{"worker put", "PUT", workerPut, store.Grant{Key: raw, ContentType: "application/json", MaxBytes: 99}, "", now},
		{"put with a get", "PUT", get, store.Grant{}, "signature_invalid", now},
		{"get with a put", "GET", put, store.Grant{}, "signature_invalid", now},
		{"delete with a get", "DELETE", get, store.Grant{}, "signature_invalid", now},
		{"late", "GET", get, store.Grant{}, "signature_expired", now.Add(2 * time.Hour)},
		{"nothing", "GET", nil, store.Grant{}, "signature_invalid", now},
	} {
		g, err := s.Verify(t.Context(), c.method, raw, c.q, c.at)
		if (err == nil) != g.Until.After(c.at) {
			t.Errorf("%s: until %v", c.name, g.Until)
		}
		g.Until = time.Time{}
		if g != c.want || fault.CodeOf(err) != c.code || (err != nil && fault.KindOf(err) != fault.Forbidden) {
			t.Errorf("%s: grant = %+v, err = %v", c.name, g, err)
		}
	}
}

func TestAChangedURLIsRefused(t *testing.T) {
	t.Parallel()
	s := open(t, config())
	now := time.Now()
	raw := task.NewID() + "/uploads/" + task.NewID() + "/raw"
	address, _ := s.UploadURL(raw, "image/jpeg", 1234, now.Add(time.Hour))
	_, good := query(t, address, "/files/")
	for name, change := range map[string]func(q url.Values){
		"expiry":          func(q url.Values) { q.Set("e", "9999999999") },
		"expiry with +":   func(q url.Values) { q.Set("e", "+"+q.Get("e")) },
		"type":            func(q url.Values) { q.Set("t", "text/html") },
		"no type":         func(q url.Values) { q.Del("t") },
		"size":            func(q url.Values) { q.Set("n", "1235") },
		"no size":         func(q url.Values) { q.Del("n") },
		"size as maximum": func(q url.Values) { q.Set("m", q.Get("n")); q.Del("n") },
		"more":            func(q url.Values) { q.Set("m", "9999") },
		"mac":             func(q url.Values) { q.Set("s", "A"+q.Get("s")[1:]); q.Set("s", q.Get("s")[:20]+"AA") },
		"short mac":       func(q url.Values) { q.Set("s", q.Get("s")[:8]) },
		"line break":      func(q url.Values) { q.Set("s", q.Get("s")+"\n") },
		"line break in":   func(q url.Values) { q.Set("s", q.Get("s")[:9]+"\r\n"+q.Get("s")[9:]) },
		"no mac":          func(q url.Values) { q.Del("s") },
	} {
		q := url.Values{}
		for k, v := range good {
			q[k] = append([]string(nil), v...)
		}
		change(q)
		if _, err := s.Verify(t.Context(), "PUT", raw, q, now); fault.CodeOf(err) != fault.SignatureInvalid {
			t.Errorf("%s: err = %v", name, err)
		}
	}
	if _, err := s.Verify(t.Context(), "PUT", raw[:len(raw)-3]+"row", good, now); fault.CodeOf(err) != fault.SignatureInvalid {
		t.Errorf("another key: %v", err)
	}
	c := config()
	d, _ := disk.Open(disk.Config{Dir: t.TempDir()})
	other, _ := store.New(c, store.Deps{Driver: d, Keys: ring{"other"}})
	if _, err := other.Verify(t.Context(), "PUT", raw, good, now); fault.CodeOf(err) != fault.SignatureInvalid {
		t.Errorf("another secret: %v", err)
	}
}

func TestPublicURLsComeFromConfiguration(t *testing.T) {
	t.Parallel()
	c := config()
	c.PublicURL = "https://pictures.example/"
	s := open(t, c)
	query(t, s.URL(task.NewID()+"/tasks/x/1.jpg", time.Now()), "https://pictures.example/files/")
	c.PublicURL, c.InternalURL = "pictures.example", "ftp://x"
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "http.publicUrl") || !strings.Contains(err.Error(), "http.internalUrl") {
		t.Errorf("err = %v, want both keys named", err)
	}
}

func TestOnlyKeysOfOurShapeAreKeys(t *testing.T) {
	t.Parallel()
	id := task.NewID()
	for key, want := range map[string]bool{
		id + "/tasks/" + id + "/1.jpg":      true,
		id + "/uploads/" + id + "/raw":      true,
		id:                                  false,
		id + "/":                            false,
		id + "//x":                          false,
		id + "/../x":                        false,
		id + "/./x":                         false,
		id + "/.hidden":                     false,
		id + "/a~b":                         false,
		id + "/a\\b":                        false,
		id + "/a%2fb":                       false,
		id + "/a\x00b":                      false,
		id + "/A.jpg":                       false,
		"short/x":                           false,
		"":                                  false,
		"/etc/passwd":                       false,
		id + "/a/b/c/d/e/f":                 false,
		id + "/" + strings.Repeat("a", 200): false,
	} {
		if store.ValidKey(key) != want {
			t.Errorf("%q: want %v", key, want)
		}
	}
}

// FuzzKeysStayInside: whatever the key, nothing is written outside the
// store's own directory, and what is accepted can be read back.
func FuzzKeysStayInside(f *testing.F) {
	id := task.NewID()
	for _, seed := range []string{id + "/tasks/x/1.jpg", id + "/../../x", "/" + id + "/x", id + "/a~b", id + "/x\x00", id + "/..", "..", id + "\\x/y"} {
		f.Add(seed)
	}
	dir := f.TempDir()
	inner := filepath.Join(dir, "inner")
	d, err := disk.Open(disk.Config{Dir: inner})
	if err != nil {
		f.Fatal(err)
	}
	s, err := store.New(config(), store.Deps{Driver: d, Keys: ring{"secret"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, key string) {
		_, err := s.Put(t.Context(), key, strings.NewReader(key), 1<<20)
		if err == nil {
			o, err := s.Open(t.Context(), key)
			if err != nil {
				t.Fatalf("%q was put and is not there: %v", key, err)
			}
			body, _ := io.ReadAll(o)
			_ = o.Close()
			if string(body) != key {
				t.Fatalf("%q reads %q: two keys share a file", key, body)
			}
			if _, err := s.Delete(t.Context(), key); err != nil {
				t.Fatal(err)
			}
		}
		outside, err := os.ReadDir(dir)
		if err != nil || len(outside) != 1 {
			t.Fatalf("%q left something outside: %v %v", key, outside, err)
		}
		own, err := os.ReadDir(inner)
		if err != nil || len(own) != 1 {
			t.Fatalf("%q left something beside the objects: %v %v", key, own, err)
		}
	})
}

func FuzzQueriesAreNeverTrusted(f *testing.F) {
	c := config()
	s, err := store.New(c, store.Deps{Keys: ring{"secret"}})
	if err != nil {
		f.Fatal(err)
	}
	key := task.NewID() + "/tasks/x/1.jpg"
	good := s.URL(key, time.Unix(2_000_000_000, 0))
	_, q, _ := strings.Cut(good, "?")
	f.Add(q)
	f.Add("e=1&s=AAAA&t=x&n=-1&m=0")
	f.Fuzz(func(t *testing.T, raw string) {
		values, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		if _, err := s.Verify(t.Context(), "GET", key, values, time.Unix(1_900_000_000, 0)); err == nil {
			same, _ := url.ParseQuery(q)
			if values.Get("s") != same.Get("s") || values.Get("e") != same.Get("e") {
				t.Fatalf("%q is trusted", raw)
			}
		}
	})
}

func BenchmarkURL(b *testing.B) {
	s := open(b, config())
	key := task.NewID() + "/tasks/" + task.NewID() + "/1.jpg"
	until := time.Now().Add(time.Hour)
	for b.Loop() {
		s.URL(key, until)
	}
}

func BenchmarkVerify(b *testing.B) {
	s := open(b, config())
	key := task.NewID() + "/tasks/" + task.NewID() + "/1.jpg"
	u, _ := url.Parse(s.URL(key, time.Now().Add(time.Hour)))
	q, now := u.Query(), time.Now()
	for b.Loop() {
		if _, err := s.Verify(b.Context(), "GET", key, q, now); err != nil {
			b.Fatal(err)
		}
	}
}
