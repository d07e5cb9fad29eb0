package vendorhttp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strings"
	"syscall"

	"github.com/imgfleet/imgfleet/pkg/check"
	"github.com/imgfleet/imgfleet/pkg/secret"
)

// Egress is what an operator says of the hosts results may come from.
type Egress struct {
	// Allow holds hosts ("img.example.com", "*.example.com": a star stands
	// within one label), addresses and prefixes ("10.2.0.0/16"), besides those
	// that drivers name. Names reach public addresses, and private ones only
	// where a prefix allows them.
	Allow    []string
	Loopback bool // reach this machine, by plain HTTP too: development. Else nothing in Allow does

	// Proxy is an http, https or socks5 URL. Empty goes out directly, whatever
	// the environment says.
	Proxy secret.Value
}

// Validate names every entry that cannot be.
func (e Egress) Validate() error {
	var errs []error
	for i, entry := range e.Allow {
		if _, ok := prefix(entry); !ok && !validPattern(entry) {
			errs = append(errs, fmt.Errorf("egress.allow[%d]: %q is no host, address or prefix", i, entry))
		}
	}
	return errors.Join(errs...)
}

func validPattern(p string) bool {
	if p == "" || strings.ContainsAny(p, "/:@[]\\? ") || strings.Trim(p, "*.") == "" {
		return false
	}
	_, err := path.Match(p, "")
	return err == nil
}

func prefix(s string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked(), true
	}
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	return netip.Prefix{}, false
}

// errEgress says that a result is on a host from which nothing may be fetched.
var errEgress = errors.New("result host is not allowed")

const maxRedirects = 3

// guard decides which results may be fetched: once by name, and once more by
// the address that the name has when it is dialled.
type guard struct {
	own      *url.URL // the vendor's API
	patterns []string
	prefixes []netip.Prefix
	loopback bool
}

func newGuard(c Config) (*guard, error) {
	own, err := url.Parse(c.Base)
	if err != nil || own.Host == "" {
		return nil, errors.New("baseUrl: is no absolute URL")
	}
	if own.Scheme != "https" && own.Scheme != "http" {
		return nil, fmt.Errorf("baseUrl: must be https or http, is %q", own.Scheme)
	}
	if err := c.Egress.Validate(); err != nil {
		return nil, err
	}
	g := &guard{own: own, patterns: c.Hosts, loopback: c.Egress.Loopback}
	for _, entry := range c.Egress.Allow {
		if p, ok := prefix(entry); ok {
			g.prefixes = append(g.prefixes, p)
		} else {
			g.patterns = append(g.patterns, strings.ToLower(entry))
		}
	}
	return g, nil
}

// check judges a URL by its name and makes it https where it may be nothing
// else: some vendors write http for hosts that speak both.
func (g *guard) check(u *url.URL) error {
	if u.User != nil || u.Hostname() == "" {
		return refused(u)
	}
	if g.loopback && local(u.Hostname()) && (u.Scheme == "http" || u.Scheme == "https") {
		return nil
	}
	if check.Local(u.Hostname()) || !g.named(strings.ToLower(u.Hostname())) {
		return refused(u)
	}
	if u.Scheme == "http" && u.Port() == "" {
		u.Scheme = "https"
	}
	if u.Scheme != "https" {
		return fmt.Errorf("%w: it is no https", refused(u))
	}
	return nil
}

// refused names the host, and nothing else of the URL, which is a secret.
func refused(u *url.URL) error { return fmt.Errorf("%w: %q", errEgress, u.Hostname()) }

// mine reports whether the vendor's API serves a result itself. Its address is
// the operator's choice, and may be private: a server of their own.
func (g *guard) mine(u *url.URL) bool {
	return u.User == nil && u.Scheme == g.own.Scheme && strings.EqualFold(u.Host, g.own.Host)
}

func local(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

func (g *guard) named(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return g.permitted(a)
	}
	return Listed(g.patterns, host)
}

// Listed reports whether one of the patterns stands for a host, which is in
// small letters.
func Listed(patterns []string, host string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, host) })
}

// matches compares label by label, so that a star never spans a dot.
func matches(pattern, host string) bool {
	ps, hs := strings.Split(pattern, "."), strings.Split(host, ".")
	if len(ps) != len(hs) {
		return false
	}
	for i, p := range ps {
		if ok, err := path.Match(p, hs[i]); !ok || err != nil {
			return false
		}
	}
	return true
}

// redirect judges every step of a download.
func (g *guard) redirect(r *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return errors.New("too many redirects")
	}
	return g.check(r.URL)
}

// control checks the address of a name when it is dialled, so that a name cannot
// change its address between the check and the connection.
func (g *guard) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return errEgress
	}
	if check.Own(at.Addr()) && !g.loopback {
		return fmt.Errorf("%w: it is this machine", errEgress) // whatever is allowed
	}
	if a := at.Addr().Unmap(); public(a) || g.permitted(a) || g.loopback && a.IsLoopback() {
		return nil
	}
	return fmt.Errorf("%w: its address is private", errEgress)
}

func (g *guard) permitted(a netip.Addr) bool {
	for _, p := range g.prefixes {
		if p.Contains(a.Unmap()) {
			return true
		}
	}
	return false
}

// public reports whether an address is somewhere in the internet. What is
// reserved for networks of carriers, tests and translations is not.
func public(a netip.Addr) bool {
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, p := range reserved() {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

func reserved() []netip.Prefix {
	var out []netip.Prefix
	for _, s := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
		"240.0.0.0/4", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16",
	} {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}
