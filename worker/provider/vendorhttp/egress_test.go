package vendorhttp

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
)

func TestResultsComeFromAllowedHostsOnly(t *testing.T) {
	t.Parallel()
	c := Config{
		Base: "https://api.vendor.example/v1", Hosts: []string{"*.cdn.vendor.example", "dashscope-result-*.oss-cn-*.aliyuncs.com"},
		Egress: Egress{Allow: []string{"Extra.example", "10.1.0.0/16", "192.168.7.7"}},
	}
	for _, dev := range []bool{false, true} {
		c.Egress.Loopback = dev
		g, err := newGuard(c)
		if err != nil {
			t.Fatal(err)
		}
		for raw, want := range map[string]bool{
			"https://a.cdn.vendor.example/x.png": true, "https://A.CDN.Vendor.Example/x.png": true, "https://extra.example:8443/x": true,
			"https://dashscope-result-bj.oss-cn-beijing.aliyuncs.com/x": true, "https://10.1.2.3/x": true, "https://192.168.7.7/x": true,
			"http://a.cdn.vendor.example/x.png": true, // made https
			"https://cdn.vendor.example/x":      false, "https://a.b.cdn.vendor.example/x": false, "https://evil.example/x": false,
			"https://evil.example/a.cdn.vendor.example": false, "https://a.cdn.vendor.example.evil.example/x": false,
			"https://a.cdn.vendor.example@evil.example/": false, "https://user@a.cdn.vendor.example/": false,
			"https://dashscope-result-x.evil.oss-cn-x.aliyuncs.com/": false, "https://10.2.0.1/": false, "https://169.254.169.254/latest": false,
			"http://a.cdn.vendor.example:8080/x": false, "ftp://a.cdn.vendor.example/x": false, "file:///etc/passwd": false, "": false,
			"https://[::ffff:10.2.0.1]/": false, "https://a.cdn.vendor.example./x": false,
			"http://127.0.0.1:9000/x": dev, "http://localhost/x": dev, "https://[::1]/x": dev, "ftp://127.0.0.1/": false,
			"http://127.0.0.1.evil.example/": false, "http://0.0.0.0/": false, "http://2130706433/": false,
		} {
			u, err := url.Parse(raw)
			if err != nil {
				t.Fatal(err)
			}
			if got := g.check(u) == nil; got != want {
				t.Errorf("dev %v: %q allowed: %v, want %v", dev, raw, got, want)
			} else if got && u.Scheme != "https" && !local(u.Hostname()) {
				t.Errorf("%q would be fetched in the clear", raw)
			}
		}
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("https://a.cdn.vendor.example/x")
	f.Add("http://127.0.0.1/x")
	g, err := newGuard(Config{Base: "https://api.vendor.example", Hosts: []string{"*.cdn.vendor.example"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := url.Parse(raw)
		if err != nil || g.check(u) != nil {
			return
		}
		if u.Scheme != "https" || !strings.HasSuffix(strings.ToLower(u.Hostname()), ".cdn.vendor.example") {
			t.Errorf("%q leads to %q", raw, u)
		}
	})
}

func TestPrivateAddressesAreNotReachedByANameThatIsAllowed(t *testing.T) {
	t.Parallel()
	g, err := newGuard(Config{Base: "https://x.example", Egress: Egress{Allow: []string{"10.1.0.0/16"}}})
	if err != nil {
		t.Fatal(err)
	}
	for addr, want := range map[string]bool{
		"8.8.8.8:443": true, "[2400:3200::1]:443": true, "10.1.9.9:443": true, "[::ffff:10.1.9.9]:443": true,
		"10.2.9.9:443": false, "127.0.0.1:443": false, "[::1]:443": false, "192.168.1.1:443": false, "172.16.0.1:443": false,
		"169.254.169.254:80": false, "100.100.100.200:80": false, "[fd00::1]:443": false, "[fe80::1]:443": false, "0.0.0.0:443": false,
		"224.0.0.1:443": false, "255.255.255.255:443": false, "[::ffff:127.0.0.1]:443": false, "[64:ff9b::7f00:1]:443": false, "nonsense": false,
	} {
		if err := g.control(t.Context(), "tcp", addr, nil); (err == nil) != want {
			t.Errorf("%s: %v, want allowed %v", addr, err, want)
		}
	}
	// The name is allowed and was looked up; what it leads to is this machine.
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the server was reached") }))
	defer s.Close()
	port := s.Listener.Addr().(interface{ AddrPort() netip.AddrPort }).AddrPort().Port()
	cl := client(t, Config{Base: "https://vendor.example", Hosts: []string{"localhost"}})
	_, err = cl.Picture(t.Context(), "https://localhost:"+strings.TrimPrefix(netip.AddrPortFrom(netip.IPv4Unspecified(), port).String(), "0.0.0.0:")+"/x?sig=secret")
	if f := failure(t, err); f.Outcome != task.Unknown || f.Code != "result_host_refused" || strings.Contains(f.Error(), "secret") {
		t.Errorf("got %v", f)
	}
}

// In prod nothing is fetched from the worker's own machine, however it is
// written and whatever is allowed.
func TestNothingLeadsToThisMachineInProd(t *testing.T) {
	t.Parallel()
	own := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("this machine was reached") }))
	defer own.Close()
	_, port, _ := strings.Cut(own.Listener.Addr().String(), ":")
	c := Config{
		Base: "https://vendor.example", Hosts: []string{"localhost", "*.localhost", "*"},
		Egress: Egress{Allow: []string{"127.0.0.0/8", "::1", "0.0.0.0/0", "::/0", "::ffff:127.0.0.1", "localhost"}},
	}
	for _, host := range []string{
		"127.0.0.1", "127.0.0.2", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "0.0.0.0", "[::]", "localhost", "LOCALHOST", "localhost.", "a.localhost",
	} {
		_, err := client(t, c).Picture(t.Context(), "https://"+host+":"+port+"/x")
		if f := failure(t, err); f.Code != "result_host_refused" {
			t.Errorf("%s: %v", host, f)
		}
	}
	g, err := newGuard(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, addr := range []string{"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1", "0.0.0.0:1", "[::]:1"} {
		if g.control(t.Context(), "tcp", addr, nil) == nil {
			t.Errorf("a name that leads to %s is dialled", addr)
		}
	}
	to := &url.URL{Scheme: "https", Host: "127.0.0.1:1"}
	if g.redirect(&http.Request{URL: to}, nil) == nil {
		t.Error("a redirect leads here")
	}
}

func TestFaultyAllowancesAreNamed(t *testing.T) {
	t.Parallel()
	err := Egress{Allow: []string{"ok.example", "*.ok.example", "10.0.0.0/8", "::1", "*", "*.*", "https://x.example", "a/b", ""}}.Validate()
	if err == nil || strings.Count(err.Error(), "egress.allow[") != 5 {
		t.Errorf("got %v, want the last five", err)
	}
}

func sample(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 64, 64)), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// results is a vendor whose API is elsewhere and whose results are on this
// machine, as in development.
func results(t testing.TB, h http.HandlerFunc) (*Client, string) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return client(t, Config{Base: "https://vendor.example", Egress: Egress{Loopback: true}, Picture: 1 << 20}), s.URL + "/x?sig=secret"
}

func TestADownloadThatBreaksIsTriedAgain(t *testing.T) {
	t.Parallel()
	var tries atomic.Int32
	want := sample(t)
	cl, at := results(t, func(w http.ResponseWriter, _ *http.Request) {
		switch tries.Add(1) {
		case 1:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 2:
			w.Header().Set("Content-Length", "100000")
			_, _ = w.Write(want)
			panic(http.ErrAbortHandler)
		default:
			_, _ = w.Write(want)
		}
	})
	got, err := cl.Picture(t.Context(), at)
	if err != nil || !bytes.Equal(got, want) || tries.Load() != 3 {
		t.Errorf("%v after %d tries", err, tries.Load())
	}
}

func TestAResultThatIsNoneIsUnknownAndNamed(t *testing.T) {
	t.Parallel()
	for code, h := range map[string]http.HandlerFunc{
		"result_expired":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) },
		"result_unusable": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"result_too_long": func(w http.ResponseWriter, _ *http.Request) {
			for range 100 {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		},
		"result_host_refused": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example/x", http.StatusFound)
		},
		"": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/again", http.StatusFound) },
	} {
		cl, at := results(t, h)
		_, err := cl.Picture(t.Context(), at)
		if f := failure(t, err); f.Outcome != task.Unknown || f.Code != code || strings.Contains(f.Error(), "secret") {
			t.Errorf("%s: got %v", code, f)
		}
	}
}

// The picture is paid for when the attempt's time runs out.
func TestAResultIsFetchedPastTheDeadlineForAWhile(t *testing.T) {
	t.Parallel()
	want := sample(t)
	ctx, cancel := context.WithCancel(t.Context())
	cl, at := results(t, func(w http.ResponseWriter, _ *http.Request) {
		cancel()
		_, _ = w.Write(want)
	})
	cl.grace = time.Minute
	if got, err := cl.Picture(ctx, at); err != nil || !bytes.Equal(got, want) {
		t.Errorf("canceled meanwhile: %v", err)
	}
	cl, at = results(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	_, err := cl.Picture(ctx, at) // and no longer than its grace
	if f := failure(t, err); f.Outcome != task.Unknown || f.Class != task.ClassTimeout {
		t.Errorf("got %v, want unknown/timeout", f)
	}
}

func TestAVendorsOwnServerMayBePrivate(t *testing.T) {
	t.Parallel()
	want := sample(t)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(want) }))
	defer s.Close()
	cl := client(t, Config{Base: s.URL + "/v1"})
	if got, err := cl.Picture(t.Context(), s.URL+"/images/1.png"); err != nil || !bytes.Equal(got, want) {
		t.Errorf("its own result: %v", err)
	}
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the other server was reached") }))
	defer other.Close()
	if _, err := cl.Picture(t.Context(), other.URL); err == nil {
		t.Error("another port of the same machine is not the vendor's own")
	}
}

func TestInlinePicturesAreBase64OrDataURIs(t *testing.T) {
	t.Parallel()
	for in, ok := range map[string]bool{
		"/9j/4AAQSkZJRg==": true, "data:image/png;base64,iVBORw0KGgo=": true, "data:": false, "": false, "/9j/*": false, "aGVsbG8=": false,
	} {
		if _, err := Inline(in); (err == nil) != ok {
			t.Errorf("%q: %v", in, err)
		} else if err != nil && failure(t, err).Outcome != task.Unknown {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func FuzzInline(f *testing.F) {
	f.Add("data:image/png;base64,iVBORw0KGgo=")
	f.Fuzz(func(t *testing.T, s string) {
		if b, err := Inline(s); err == nil && Check(b) != nil || errors.Is(err, errTooLong) {
			t.Errorf("%q", s)
		}
	})
}
