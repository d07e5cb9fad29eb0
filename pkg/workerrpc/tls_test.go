package workerrpc

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/secret"
)

// authority signs throw-away certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string
	dir  string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, IsCA: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign,
	}
	a := &authority{key: key, dir: t.TempDir()}
	a.cert, a.file = sign(t, tmpl, tmpl, key, key, filepath.Join(a.dir, "ca.pem"))
	return a
}

func sign(t *testing.T, tmpl, parent *x509.Certificate, key, by *ecdsa.PrivateKey, file string) (*x509.Certificate, string) {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, &key.PublicKey, by)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	writePEM(t, file, "CERTIFICATE", der)
	return cert, file
}

func writePEM(t *testing.T, file, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

// identity makes a certificate for ip.
func (a *authority) identity(t *testing.T, name, ip string) Identity {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.ParseIP(ip)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	_, certFile := sign(t, tmpl, a.cert, key, a.key, filepath.Join(a.dir, name+".pem"))
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	keyFile := filepath.Join(a.dir, name+".key")
	writePEM(t, keyFile, "EC PRIVATE KEY", der)
	return Identity{Cert: certFile, Key: keyFile, ClientCA: a.file}
}

func load(t *testing.T, i Identity) (listen, call *tls.Config) {
	t.Helper()
	listen, call, err := i.Load()
	if err != nil {
		t.Fatal(err)
	}
	return listen, call
}

func TestMutualTLSAdmitsOnlyTheFleet(t *testing.T) {
	t.Parallel()
	ours, theirs := newAuthority(t), newAuthority(t)
	listen, _ := load(t, ours.identity(t, "worker", "127.0.0.1"))
	_, good := load(t, ours.identity(t, "gateway", "127.0.0.1"))
	_, stranger := load(t, theirs.identity(t, "stranger", "127.0.0.1"))
	stranger.RootCAs = good.RootCAs // so that it is the server who refuses
	nobody := &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: good.RootCAs, NextProtos: []string{"h2"}}

	w := &fakeWorker{generate: func(_ context.Context, a Attempt, send func(Update) error) error { return send(okOutcome(a)) }}
	s := start(t, w, ServerConfig{TLS: listen, Token: secret.New("tok")})

	if _, err := dial(t, ClientConfig{TLS: good, Token: secret.New("tok")}).Generate(t.Context(), s.Addr().String(), Attempt{}, nil); err != nil {
		t.Errorf("a good certificate was refused: %v", err)
	}
	for name, cfg := range map[string]*tls.Config{"another authority": stranger, "no certificate": nobody, "no TLS": nil} {
		c := dial(t, ClientConfig{TLS: cfg, Token: secret.New("tok"), ConnectTimeout: 500 * time.Millisecond, Silence: time.Second})
		if _, err := c.Generate(t.Context(), s.Addr().String(), Attempt{}, nil); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%s: %v, want unavailable", name, err)
		}
	}
}

func TestACallerRefusesAWorkerWithAnothersName(t *testing.T) {
	t.Parallel()
	ours := newAuthority(t)
	listen, call := load(t, ours.identity(t, "elsewhere", "10.9.8.7"))
	s := start(t, &fakeWorker{}, ServerConfig{TLS: listen})
	c := dial(t, ClientConfig{TLS: call})
	if _, err := c.Generate(t.Context(), s.Addr().String(), Attempt{}, nil); fault.CodeOf(err) != fault.WorkerUnreachable {
		t.Errorf("got %v, want %s", err, fault.WorkerUnreachable)
	}
}

func TestAHalfIdentityIsRefused(t *testing.T) {
	t.Parallel()
	if err := (Identity{Cert: "c"}).Validate(); err == nil {
		t.Error("a certificate without key and authority was accepted")
	}
	if l, c, err := (Identity{}).Load(); l != nil || c != nil || err != nil {
		t.Errorf("no identity: %v %v %v, want nothing", l, c, err)
	}
}
