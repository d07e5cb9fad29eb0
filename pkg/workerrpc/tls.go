package workerrpc

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"github.com/imgfleet/imgfleet/pkg/check"
)

// Identity names the files that prove who a process is: its certificate and
// key, and the authority that signed everybody of the fleet.
type Identity struct {
	// The certificate of this process, with the names by which others call it, and the URI imgfleet:gateway or imgfleet:worker, for which it is good then; PEM.
	Cert string `config:"cert" example:"/etc/imgfleet/tls.crt"`
	// The key of the certificate; PEM.
	Key string `config:"key" example:"/etc/imgfleet/tls.key"`
	// The authority that signed every certificate of the fleet; PEM.
	ClientCA string `config:"clientCA" example:"/etc/imgfleet/ca.crt"`
}

// Empty reports whether no TLS is configured.
func (i Identity) Empty() bool { return i == Identity{} }

// Validate wants all three or none.
func (i Identity) Validate() error {
	var faults check.Faults
	for _, f := range []struct{ key, file string }{{"tls.cert", i.Cert}, {"tls.key", i.Key}, {"tls.clientCA", i.ClientCA}} {
		faults.If(!i.Empty() && f.file == "", "%s: is missing; tls.cert, tls.key and tls.clientCA belong together, give all three or none", f.key)
	}
	return faults.Err()
}

// Load reads the files of a process of that role and returns the
// configurations for listening and for calling, both nil when no TLS is
// configured. The listener demands a certificate of the same authority; the
// caller verifies the host it dials. Both demand the other role.
func (i Identity) Load(own Role) (listen, call *tls.Config, err error) {
	if i.Empty() {
		return nil, nil, nil
	}
	if err := i.Validate(); err != nil {
		return nil, nil, err
	}
	cert, err := i.certificate(own)
	pool, unsigned := i.authority()
	if err := errors.Join(err, unsigned); err != nil {
		return nil, nil, err
	}
	protocols := []string{"h2"}
	listen = &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{cert}, NextProtos: protocols,
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool, VerifyConnection: own.peer().verify,
	}
	call = &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{cert}, NextProtos: protocols, RootCAs: pool,
		VerifyConnection: own.peer().verify,
	}
	return listen, call, nil
}

// Warnings tell of a certificate that is good for every role, and so lets
// whoever takes it from a worker call the other workers.
func (i Identity) Warnings(own Role) []string {
	pair, err := i.certificate(own)
	if i.Empty() || err != nil || len(rolesOf(pair.Leaf)) > 0 {
		return nil
	}
	return []string{fmt.Sprintf("tls.cert: %s is good for gateways and workers; let the authority write the URI imgfleet:%s into its alternative names", i.Cert, own)}
}

// certificate reads the pair, and names the file that is wrong.
func (i Identity) certificate(own Role) (tls.Certificate, error) {
	cert, noCert := os.ReadFile(i.Cert)
	key, noKey := os.ReadFile(i.Key)
	if noCert != nil {
		noCert = fmt.Errorf("tls.cert: %w", noCert)
	}
	if noKey != nil {
		noKey = fmt.Errorf("tls.key: %w", noKey)
	}
	if err := errors.Join(noCert, noKey); err != nil {
		return tls.Certificate{}, err
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("tls.cert, tls.key: %s and %s are no certificate with its key: %w", i.Cert, i.Key, err)
	}
	if err := own.admits(pair.Leaf); err != nil {
		return tls.Certificate{}, fmt.Errorf("tls.cert: %s: %w", i.Cert, err)
	}
	return pair, nil
}

func (i Identity) authority() (*x509.CertPool, error) {
	pem, err := os.ReadFile(i.ClientCA)
	if err != nil {
		return nil, fmt.Errorf("tls.clientCA: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("tls.clientCA: no certificate in %s", i.ClientCA)
	}
	return pool, nil
}
