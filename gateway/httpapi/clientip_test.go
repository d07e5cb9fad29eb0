package httpapi

import (
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/ratelimit"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

func TestProxiesAreBelievedOnlyWhenTrusted(t *testing.T) {
	t.Parallel()
	trusted, _ := parseProxies([]string{"127.0.0.1", "10.0.0.0/8"})
	peer := &net.TCPAddr{IP: net.ParseIP("127.0.0.1")}
	for _, x := range []struct {
		plain, standard []string
		want            string
	}{
		{want: "127.0.0.1"},
		{plain: []string{""}, want: "127.0.0.1"},
		{plain: []string{"1.2.3.4"}, want: "1.2.3.4"},
		{plain: []string{"6.6.6.6, 1.2.3.4"}, want: "1.2.3.4"},
		{plain: []string{"6.6.6.6, 1.2.3.4, 10.1.1.1"}, want: "1.2.3.4"},
		{plain: []string{"1.2.3.4, junk"}, want: "127.0.0.1"},
		{plain: []string{"1.2.3.4:5678"}, want: "1.2.3.4"},
		{plain: []string{"2001:db8::1"}, want: "2001:db8::1"},
		{plain: []string{"[2001:db8::1]:443"}, want: "2001:db8::1"},
		// A proxy adds a line of its own below the client's.
		{plain: []string{"6.6.6.6", "1.2.3.4"}, want: "1.2.3.4"},
		{plain: []string{"6.6.6.6", "1.2.3.4", "10.1.1.1"}, want: "1.2.3.4"},
		{plain: []string{"6.6.6.6, 7.7.7.7", "1.2.3.4, 10.1.1.1", "10.2.2.2"}, want: "1.2.3.4"},
		{standard: []string{"for=1.2.3.4"}, want: "1.2.3.4"},
		{standard: []string{`for=6.6.6.6`, `proto=https;For="1.2.3.4:5678";by=10.1.1.1, for=10.1.1.1`}, want: "1.2.3.4"},
		{standard: []string{`for="[2001:db8::1]:80";host=a`}, want: "2001:db8::1"},
		{standard: []string{`for="6.6.6.6`, `for=1.2.3.4`}, want: "1.2.3.4"},
		{standard: []string{"for=unknown"}, want: "127.0.0.1"},
		{standard: []string{"for=1.2.3.4, for=_hidden"}, want: "127.0.0.1"},
		{standard: []string{"for=1.2.3.4, by=10.1.1.1"}, want: "127.0.0.1"},
		// The client sent the header that its proxy does not write.
		{plain: []string{"1.2.3.4"}, standard: []string{"for=1.2.3.4"}, want: "1.2.3.4"},
		{plain: []string{"1.2.3.4"}, standard: []string{"for=6.6.6.6"}, want: "127.0.0.1"},
		{plain: []string{"6.6.6.6"}, standard: []string{"for=1.2.3.4"}, want: "127.0.0.1"},
		{plain: []string{"1.2.3.4"}, standard: []string{"for=_nobody"}, want: "1.2.3.4"},
		{plain: []string{"nobody"}, standard: []string{"for=1.2.3.4"}, want: "1.2.3.4"},
	} {
		if got := clientAddr(peer, forwarded{x.plain, x.standard}, trusted).String(); got != x.want {
			t.Errorf("%q and %q: %s, want %s", x.plain, x.standard, got, x.want)
		}
	}
	if got := clientAddr(&net.TCPAddr{IP: net.ParseIP("9.9.9.9")}, forwarded{plain: []string{"1.2.3.4"}}, trusted).String(); got != "9.9.9.9" {
		t.Errorf("an untrusted peer was believed: %s", got)
	}
}

// A proxy may add a line of its own to what the client wrote.
func TestWhatIsCountedIsTheAddressOfTheLastLine(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *Config, _ *Deps) { c.TrustedProxies = []string{"127.0.0.1"} })
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.base+"/sessions", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"Content-Type": {"application/json"}, "X-Forwarded-For": {"6.6.6.6", "1.2.3.4"}}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if want := []string{"post 1.2.3.4", "session 1.2.3.4"}; !slices.Equal(h.world.counted, want) {
		t.Errorf("counted %q, want %q", h.world.counted, want)
	}
}

func TestARenewalIsNoNewSession(t *testing.T) {
	t.Parallel()
	h := start(t)
	token := h.session()
	h.world.counted = nil
	h.do("POST", "/sessions", token, "{}")
	h.do("POST", "/sessions", "", `{"linkCode":"AAAAA-AAAAA"}`)
	h.do("POST", "/sessions", "", `{"solution":"wrong"}`)
	want := []string{"post 127.0.0.1", "post 127.0.0.1", "post 127.0.0.1", "session 127.0.0.1", "not session 127.0.0.1"}
	if !slices.Equal(h.world.counted, want) {
		t.Errorf("counted %q, want %q", h.world.counted, want)
	}
}

// A crowd's newcomers are asked for work, however many requests one of them
// sends: these are not counted.
func TestACrowdsNewcomersAreNotCountedAsRequests(t *testing.T) {
	t.Parallel()
	h := start(t)
	h.world.allow = func(a ratelimit.Action) (ratelimit.Window, error) {
		if a == ratelimit.Session {
			return ratelimit.Window{Limit: 60, Length: time.Hour}, fault.New(fault.RateLimited)
		}
		return ratelimit.Window{Limit: 120, Length: time.Minute}, nil
	}
	h.do("POST", "/sessions", "", "{}")
	if want := []string{"post 127.0.0.1", "session 127.0.0.1", "not post 127.0.0.1"}; !slices.Equal(h.world.counted, want) {
		t.Errorf("counted %q, want %q", h.world.counted, want)
	}
	h.world.allow = func(a ratelimit.Action) (ratelimit.Window, error) {
		if a == ratelimit.Post {
			return ratelimit.Window{Limit: 120, Length: time.Minute}, fault.New(fault.RateLimited)
		}
		return ratelimit.Window{Limit: 60, Length: time.Hour}, nil
	}
	for body, token := range map[string]string{`{}`: "any", `{"linkCode":"AAAAA-AAAAA"}`: ""} {
		if r := h.do("POST", "/sessions", token, body); r.status != 429 {
			t.Errorf("%s: %d", body, r.status)
		}
	}
}
