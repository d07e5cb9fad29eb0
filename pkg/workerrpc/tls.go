package workerrpc

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	"github.com/imgfleet/imgfleet/pkg/check"
)

// Identity names the files that prove who a process is: its certificate and
// key, and the authority that signed everybody of the fleet.
type Identity struct {
	// The certificate of this process, with the names by which others call it; PEM.
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

// Load reads the files and returns the configurations for listening and for
// calling, both nil when no TLS is configured. The listener demands a
// certificate of the same authority; the caller verifies the host it dials.
func (i Identity) Load() (listen, call *tls.Config, err error) {
	if i.Empty() {
		return nil, nil, nil
	}
	if err := i.Validate(); err != nil {
		return nil, nil, err
	}
	cert, err := tls.LoadX509KeyPair(i.Cert, i.Key)
	if err != nil {
		return nil, nil, fmt.Errorf("tls.cert, tls.key: %w", err)
	}
	pem, err := os.ReadFile(i.ClientCA)
	if err != nil {
		return nil, nil, fmt.Errorf("tls.clientCA: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, nil, fmt.Errorf("tls.clientCA: no certificate in %s", i.ClientCA)
	}
	protocols := []string{"h2"}
	listen = &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{cert}, NextProtos: protocols,
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool,
	}
	call = &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{cert}, NextProtos: protocols, RootCAs: pool,
	}
	return listen, call, nil
}
