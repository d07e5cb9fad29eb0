package e2e_test

import (
	"crypto/x509"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/tlstest"
)

// certificates are what an operator makes by the comments of production.yaml:
// an authority, and one certificate for all.
type certificates struct {
	cert, key, ca string // files
	pool          *x509.CertPool
}

func certify(t *testing.T, own string) certificates {
	t.Helper()
	a := tlstest.New(t)
	p := a.Issue(t, "fleet", own, "pictures.example.com", "imgfleet:gateway", "imgfleet:worker")
	return certificates{cert: p.Cert, key: p.Key, ca: a.File, pool: a.Trust(t).RootCAs}
}
