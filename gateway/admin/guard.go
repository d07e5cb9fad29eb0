package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// guard refuses requests without the token, and requests of web pages that
// reach this address by another name (DNS rebinding).
type guard struct {
	sum   [sha256.Size]byte
	hosts []string
}

func newGuard(token string, hosts []string) guard {
	g := guard{sum: sha256.Sum256([]byte(token)), hosts: []string{"localhost"}}
	for _, h := range hosts {
		g.hosts = append(g.hosts, hostname(h))
	}
	return g
}

// host refuses names that are not in the list. An IP address is always good: a
// rebinding page comes with a name.
func (g guard) host(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if !g.knows(r.Host) {
			writeProblem(w, r, errHost)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (g guard) knows(hostport string) bool {
	name := hostname(hostport)
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	return slices.Contains(g.hosts, name)
}

// hostname is a name or an address without its port, as names are compared.
func hostname(hostport string) string {
	name := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		name = h
	}
	return strings.TrimSuffix(strings.ToLower(strings.Trim(name, "[]")), ".")
}

// validHost refuses what no Host header can hold.
func validHost(host string) bool {
	name := hostname(host)
	odd := func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("/\\@*?#%", r) }
	return name != "" && len(name) <= 253 && !strings.Contains(name, ":") && !strings.ContainsFunc(host, odd)
}

// token lets requests with the bearer token pass.
func (g guard) token(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !g.allows(r) {
			refuseToken(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// allows checks the bearer token. It compares hashes, so that the time taken
// tells nothing of the token's bytes or length.
func (g guard) allows(r *http.Request) bool {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	sum := sha256.Sum256([]byte(strings.TrimSpace(token)))
	return strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare(sum[:], g.sum[:]) == 1
}

func refuseToken(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("WWW-Authenticate", `Bearer realm="imgfleet admin"`)
	writeProblem(w, r, errToken)
}
