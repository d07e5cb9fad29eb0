package vendorhttp

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/provider"
)

func client(t testing.TB, c Config) *Client {
	t.Helper()
	cl, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	cl.pause, cl.grace = time.Millisecond, 100*time.Millisecond
	return cl
}

func post(t testing.TB, url string) Call {
	t.Helper()
	c, err := JSON(url, "sk-key", map[string]int{"n": 1})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func failure(t testing.TB, err error) *provider.Failure {
	t.Helper()
	var f *provider.Failure
	if !errors.As(err, &f) {
		t.Fatalf("error = %v (%T), want a *provider.Failure", err, err)
	}
	return f
}

// listen answers every connection with talk.
func listen(t *testing.T, talk func(c net.Conn, r *bufio.Reader)) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				talk(c, bufio.NewReader(c))
			}()
		}
	}()
	return l.Addr().String()
}

func TestWhatNeverLeftThisMachineCostsNothing(t *testing.T) {
	t.Parallel()
	closes := listen(t, func(net.Conn, *bufio.Reader) {}) // no TLS, no proxy: it hangs up
	closed := listen(t, func(net.Conn, *bufio.Reader) {})
	for name, c := range map[string]struct {
		config Config
		url    string
	}{
		"a name that is none": {Config{Base: "https://no-such-host.invalid/v1"}, "https://no-such-host.invalid/v1"},
		"a broken handshake":  {Config{Base: "https://" + closes}, "https://" + closes},
		"a broken proxy":      {Config{Base: "https://vendor.example", Egress: Egress{Proxy: secret.New("http://" + closed)}}, "https://vendor.example/x"},
		"a broken socks":      {Config{Base: "http://vendor.example", Egress: Egress{Proxy: secret.New("socks5://" + closed)}}, "http://vendor.example/x"},
		"a bad URL":           {Config{Base: "http://vendor.example"}, "http://vendor.example/%zz"},
	} {
		_, err := client(t, c.config).Do(t.Context(), post(t, c.url))
		if f := failure(t, err); f.Outcome != task.NotSent {
			t.Errorf("%s: %v, want not_sent", name, f)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := client(t, Config{Base: "http://" + closes}).Do(ctx, post(t, "http://"+closes))
	if f := failure(t, err); f.Outcome != task.NotSent || f.Class != task.ClassCanceled {
		t.Errorf("canceled before: %v, want not_sent/canceled", f)
	}
}

// A connection that is used again may be closed by the vendor just then. A
// transport that repeats the call would have it paid for twice.
func TestACallThatWasSentIsNeverRepeated(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	addr := listen(t, func(c net.Conn, r *bufio.Reader) {
		for {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, req.Body)
			if calls.Add(1) == 2 {
				return // hang up with the call in hand
			}
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
		}
	})
	cl := client(t, Config{Base: "http://" + addr})
	call := post(t, "http://"+addr)
	call.Header.Set("Idempotency-Key", "makes a transport believe that it may")
	if _, err := cl.Do(t.Context(), call); err != nil {
		t.Fatal(err)
	}
	_, err := cl.Do(t.Context(), call)
	if f := failure(t, err); f.Outcome != task.Unknown || f.Class != task.ClassNetwork {
		t.Errorf("got %v, want unknown/network", f)
	}
	if n := calls.Load(); n != 2 {
		t.Errorf("%d calls arrived, want 2", n)
	}
}

func TestACallIsNotSentOnWithItsKey(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	s := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer s.Close()
	a, err := client(t, Config{Base: s.URL}).Do(t.Context(), post(t, s.URL))
	if err != nil || a.Class() != task.ClassAuth || elsewhere.Load() != 0 {
		t.Errorf("%v, class %s, %d calls elsewhere", err, a.Class(), elsewhere.Load())
	}
}

func TestAnErrorThatIsCutOffIsStillAnError(t *testing.T) {
	t.Parallel()
	addr := listen(t, func(c net.Conn, r *bufio.Reader) {
		_, _ = http.ReadRequest(r)
		_, _ = io.WriteString(c, "HTTP/1.1 429 Slow down\r\nContent-Length: 100\r\nRetry-After: 3\r\n\r\n{\"err")
	})
	a, err := client(t, Config{Base: "http://" + addr}).Do(t.Context(), post(t, "http://"+addr))
	if err != nil {
		t.Fatal(err)
	}
	if f := a.Failure(a.Class(), "", ""); f.Outcome != task.Rejected || f.Class != task.ClassRate || f.RetryAfter != 3*time.Second {
		t.Errorf("got %v after %v", f, f.RetryAfter)
	}
}

func TestStatusesMeanMoney(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status  int
		code    string
		outcome task.Outcome
		class   task.Class
	}{
		{400, "", task.Rejected, task.ClassInput}, {401, "", task.Rejected, task.ClassAuth}, {402, "", task.Rejected, task.ClassQuota},
		{403, "", task.Rejected, task.ClassAuth}, {404, "", task.Rejected, task.ClassAuth}, {408, "", task.Unknown, task.ClassTimeout},
		{413, "", task.Rejected, task.ClassInput}, {429, "", task.Rejected, task.ClassRate}, {500, "", task.Unknown, task.ClassTransient},
		{500, "named", task.FailedUnbilled, task.ClassTransient}, {502, "", task.Unknown, task.ClassTransient},
		{504, "", task.Unknown, task.ClassTimeout}, {302, "", task.Rejected, task.ClassAuth}, {200, "", task.Unknown, task.ClassTransient},
	} {
		a := Answer{Status: c.status}
		if f := a.Failure(a.Class(), c.code, "because"); f.Outcome != c.outcome || f.Class != c.class {
			t.Errorf("%d %s: %v, want %s/%s", c.status, c.code, f, c.outcome, c.class)
		}
	}
	long := Answer{Status: 400}.Failure(task.ClassInput, "a\nb", strings.Repeat("图", 1000)+"\x00")
	if len([]rune(long.Err.Error())) > 250 || long.Code != "a b" {
		t.Errorf("code %q, %d runes", long.Code, len([]rune(long.Err.Error())))
	}
}

func TestRetryAfterIsSecondsOrADate(t *testing.T) {
	t.Parallel()
	for v, want := range map[string]time.Duration{
		"": 0, "2": 2 * time.Second, " 0.5 ": 500 * time.Millisecond, "-3": 0, "NaN": 0, "1e300": maxRetryAfter, "99999999": maxRetryAfter,
		"soon": 0, "Wed, 21 Oct 2015 07:28:00 GMT": 0,
	} {
		if got := (Answer{Header: http.Header{"Retry-After": {v}}}).RetryAfter(); got != want {
			t.Errorf("%q: %v, want %v", v, got, want)
		}
	}
	date := time.Now().Add(90 * time.Second).UTC().Format(http.TimeFormat)
	if got := (Answer{Header: http.Header{"Retry-After": {date}}}).RetryAfter(); got <= time.Minute || got > 90*time.Second {
		t.Errorf("%q: %v", date, got)
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("2")
	f.Add("Wed, 21 Oct 2015 07:28:00 GMT")
	f.Fuzz(func(t *testing.T, v string) {
		if d := (Answer{Header: http.Header{"Retry-After": {v}}}).RetryAfter(); d < 0 || d > maxRetryAfter {
			t.Errorf("%q: %v", v, d)
		}
	})
}

func TestCallsGoThroughTheirProxy(t *testing.T) {
	t.Parallel()
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }))
	defer vendor.Close()
	var asked atomic.Value
	through := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.RequestURI + " " + r.Header.Get("Proxy-Authorization"))
		_, _ = io.WriteString(w, "{}")
	}))
	defer through.Close()
	withUser := strings.Replace(through.URL, "http://", "http://user:pass@", 1)
	if _, err := client(t, Config{Base: vendor.URL, Egress: Egress{Proxy: secret.New(withUser)}}).Do(t.Context(), post(t, "http://vendor.example/v1/x")); err != nil {
		t.Fatal(err)
	}
	if got := asked.Load(); got != "http://vendor.example/v1/x Basic dXNlcjpwYXNz" {
		t.Errorf("the proxy was asked for %q", got)
	}
	socks := listen(t, func(c net.Conn, r *bufio.Reader) { socks5(t, c, r, vendor.Listener.Addr().String(), "vendor.example") })
	if a, err := client(t, Config{Base: vendor.URL, Egress: Egress{Proxy: secret.New("socks5://" + socks)}}).Do(t.Context(), post(t, "http://vendor.example/x")); err != nil || string(a.Body) != "{}" {
		t.Errorf("by socks: %v, %q", err, a.Body)
	}
	for _, bad := range []string{"ftp:/x", "proxy:8080", "//"} {
		if _, err := New(Config{Base: vendor.URL, Egress: Egress{Proxy: secret.New(bad)}}); err == nil {
			t.Errorf("proxy %q was accepted", bad)
		}
	}
}

// socks5 is a proxy for one connection, which leads to truth whatever name is
// asked for.
func socks5(t *testing.T, c net.Conn, r *bufio.Reader, truth, name string) {
	head := make([]byte, 2)
	_, _ = io.ReadFull(r, head)
	_, _ = io.ReadFull(r, make([]byte, head[1]))
	_, _ = c.Write([]byte{5, 0})
	ask := make([]byte, 5+len(name)+2)
	_, _ = io.ReadFull(r, ask)
	if ask[3] != 3 || string(ask[5:5+len(name)]) != name {
		t.Errorf("the proxy was asked for %q", ask) // the name must be resolved there
	}
	_, _ = c.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	up, err := new(net.Dialer).DialContext(context.WithoutCancel(t.Context()), "tcp", truth)
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = up.Close() }()
	go func() { _, _ = io.Copy(up, r) }()
	_, _ = io.Copy(c, up)
}
