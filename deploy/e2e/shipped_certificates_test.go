package e2e_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// certificates are what an operator makes by the comments of production.yaml:
// an authority, and one certificate for all.
type certificates struct {
	cert, key, ca string // files
	pool          *x509.CertPool
}

func certify(t *testing.T, own string) certificates {
	t.Helper()
	dir := t.TempDir()
	c := certificates{cert: filepath.Join(dir, "fleet.crt"), key: filepath.Join(dir, "fleet.key"), ca: filepath.Join(dir, "ca.crt"), pool: x509.NewCertPool()}
	describe := func(name string) *x509.Certificate {
		serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62))
		return &x509.Certificate{
			SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		}
	}
	authority, one := describe("an authority of the test"), describe("fleet")
	authority.IsCA, authority.BasicConstraintsValid, authority.KeyUsage = true, true, x509.KeyUsageCertSign
	one.KeyUsage = x509.KeyUsageDigitalSignature
	one.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	one.DNSNames, one.IPAddresses = []string{"localhost", "pictures.example.com"}, []net.IP{net.IPv4(127, 0, 0, 1), net.ParseIP(own)}
	signer, key := newKey(t), newKey(t)
	der := sign(t, authority, authority, signer, signer)
	keepPEM(t, c.ca, "CERTIFICATE", der)
	keepPEM(t, c.cert, "CERTIFICATE", sign(t, one, authority, key, signer))
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	keepPEM(t, c.key, "PRIVATE KEY", raw)
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	c.pool.AddCert(parsed)
	return c
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func sign(t *testing.T, one, by *x509.Certificate, key, with *ecdsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, one, by, key.Public(), with)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func keepPEM(t *testing.T, file, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}
