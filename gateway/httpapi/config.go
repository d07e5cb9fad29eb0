package httpapi

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"time"

	"github.com/imgfleet/imgfleet/gateway/httpapi/gate"
	"github.com/imgfleet/imgfleet/gateway/httpapi/hub"
	"github.com/imgfleet/imgfleet/gateway/httpapi/wire"
	"github.com/imgfleet/imgfleet/pkg/check"
)

// Config says where and for whom the public interface listens.
type Config struct {
	Listen         string   // address of the public listener; port 0 picks a free one
	PublicURL      string   // "" makes links relative; the Host header is never trusted
	CORSOrigins    []string // foreign pages that may call, "*" for all; empty: same origin only
	TrustedProxies []string // addresses or prefixes whose X-Forwarded-For and Forwarded are believed
	Drain          time.Duration
	Timeout        time.Duration // of what a request waits for, beside its own body; then it is answered 503
	Gate           gate.Config   // how many connections; Bind adds the proxies, the answer and the logger
	Files          int           // descriptors that requests may have open for files, 0 for no bound
	Wire           wire.Limits
	Streams        hub.Config
}

// Defaults serve one machine.
func Defaults() Config {
	return Config{
		Listen: "127.0.0.1:8080", Drain: 8 * time.Second, Timeout: 4500 * time.Millisecond,
		Gate: gate.Config{Strangers: 60_000}, Wire: wire.Defaults(), Streams: hub.Defaults(),
	}
}

// Validate says everything that is wrong.
func (c Config) Validate() error {
	var faults check.Faults
	faults.Listeners(check.Listener{Key: "http.listen", Address: c.Listen})
	if c.PublicURL != "" {
		faults.Add(checkOrigin("http.publicUrl", c.PublicURL, allowPath))
	}
	for i, o := range c.CORSOrigins {
		if o != "*" {
			faults.Add(checkOrigin(fmt.Sprintf("http.corsOrigins[%d]", i), o, originOnly))
		}
	}
	_, err := parseProxies(c.TrustedProxies)
	faults.If(c.Drain <= 0 || c.Timeout <= 0, "http.drain, http.timeout: must be positive")
	faults.Add(err, c.Wire.Validate(), c.Streams.Validate())
	return faults.Err()
}

// originForm says whether an origin may carry a path.
type originForm bool

// The two forms.
const (
	originOnly originForm = false
	allowPath  originForm = true
)

func checkOrigin(key, raw string, form originForm) error {
	u, err := url.Parse(raw)
	bad := err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil
	if bad || (form == originOnly && u.Path != "") {
		return fmt.Errorf("%s: must be http://host or https://host, such as https://pictures.example.com, is %q", key, raw)
	}
	return nil
}

func parseProxies(list []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	var errs []error
	for i, s := range list {
		if a, err := netip.ParseAddr(s); err == nil {
			out = append(out, netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()))
		} else if p, err := netip.ParsePrefix(s); err == nil {
			out = append(out, p.Masked())
		} else {
			errs = append(errs, fmt.Errorf("http.trustedProxies[%d]: must be an address or a prefix such as 10.0.0.0/8, is %q", i, s))
		}
	}
	return out, errors.Join(errs...)
}
