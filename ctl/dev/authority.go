package dev

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// identity names the files that a child proves itself with.
type identity struct{ cert, key, ca string }

// authority signs certificates for one run. Its key never leaves memory.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// lifetime of a throw-away authority: longer than anybody leaves dev running.
const lifetime = 30 * 24 * time.Hour

func newAuthority(dir string) (*authority, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("--tls: %w", err)
	}
	t := template("imgfleet dev authority")
	t.IsCA, t.BasicConstraintsValid, t.KeyUsage = true, true, x509.KeyUsageCertSign
	a := &authority{dir: dir, cert: t}
	var err error
	if a.key, err = a.sign(t, "ca.pem"); err != nil {
		return nil, err
	}
	return a, nil
}

// sign writes the certificate of a new key. The first one is the authority's
// own.
func (a *authority) sign(t *x509.Certificate, file string) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("--tls: %w", err)
	}
	der, err := x509.CreateCertificate(rand.Reader, t, a.cert, key.Public(), cmp.Or(a.key, key))
	if err != nil {
		return nil, fmt.Errorf("--tls: %w", err)
	}
	return key, writePEM(filepath.Join(a.dir, file), "CERTIFICATE", der)
}

// issue makes a certificate for one child on this machine, good for listening
// and for calling in its role.
func (a *authority) issue(name string, role string) (identity, error) {
	id := identity{cert: filepath.Join(a.dir, name+".pem"), key: filepath.Join(a.dir, name+".key"), ca: filepath.Join(a.dir, "ca.pem")}
	t := template(name)
	t.KeyUsage = x509.KeyUsageDigitalSignature
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	t.DNSNames, t.IPAddresses = []string{"localhost"}, []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	t.URIs = []*url.URL{{Scheme: "imgfleet", Opaque: role}}
	key, err := a.sign(t, name+".pem")
	if err != nil {
		return id, err
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return id, fmt.Errorf("--tls: %w", err)
	}
	return id, writePEM(id.key, "PRIVATE KEY", raw)
}

func template(name string) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)) // never fails since Go 1.24
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(lifetime),
	}
}

func writePEM(path, kind string, der []byte) error {
	data := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return fmt.Errorf("--tls: %w", err)
	}
	return nil
}
