package engine

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/imgfleet/imgfleet/pkg/check"
)

// TLS names the PEM files with which engine and gateways prove who they are.
type TLS struct {
	// The authority that signed the engine's certificate; empty trusts the system's. The embedded engine demands certificates of it from gateways.
	CA string `config:"ca" example:"/etc/imgfleet/engine-ca.crt"`
	// The certificate of this process: the embedded engine's own, or what proves this gateway to an external one.
	Cert string `config:"cert" example:"/etc/imgfleet/engine.crt"`
	// The key of the certificate.
	Key string `config:"key" example:"/etc/imgfleet/engine.key"`
}

// Serves reports whether an embedded engine can speak TLS.
func (t TLS) Serves() bool { return t.Cert != "" && t.Key != "" }

// Mutual reports whether both sides prove themselves, so that no token is
// needed.
func (t TLS) Mutual() bool { return t.Serves() && t.CA != "" }

// Load reads the files; it returns nil when none is named.
func (t TLS) Load() (*tls.Config, error) {
	if t == (TLS{}) {
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	var faults check.Faults
	if t.Serves() {
		cert, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			faults.Say("engine.tls.cert, engine.tls.key: %w", err)
		}
		c.Certificates = []tls.Certificate{cert}
	}
	if t.CA != "" {
		pem, err := os.ReadFile(t.CA)
		c.RootCAs = x509.NewCertPool()
		if err != nil {
			faults.Say("engine.tls.ca: %w", err)
		} else {
			faults.If(!c.RootCAs.AppendCertsFromPEM(pem), "engine.tls.ca: no certificate in %s", t.CA)
		}
	}
	return c, faults.Err()
}

// validateProof judges what proves both sides to each other.
func (c Config) validateProof() error {
	var faults check.Faults
	faults.If((c.TLS.Cert == "") != (c.TLS.Key == ""), "engine.tls: cert and key belong together; give both or none")
	faults.If(c.URL == "" && c.Listen != "" && c.TLS != TLS{} && !c.TLS.Serves(), "engine.tls.cert: must be given with engine.listen and engine.tls")
	faults.If(c.URL == "" && c.Creds != "", "engine.creds: is for an external engine; give engine.url")
	faults.If(c.Creds != "" && !c.Token.Empty(), "engine.creds: give either engine.creds or engine.token")
	return faults.Err()
}

// CheckFiles reads what the configuration names, and says what is wrong.
func (c Config) CheckFiles() error {
	_, err := c.TLS.Load()
	return errors.Join(err, checkCreds(c.Creds))
}

// checkCreds refuses a file with which the client would fail for ever.
func checkCreds(path string) error {
	if path == "" {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("engine.creds: %w", err)
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, 64<<10))
	if err != nil {
		return fmt.Errorf("engine.creds: %w", err)
	}
	if !strings.Contains(string(text), "NATS USER JWT") || !strings.Contains(string(text), "USER NKEY SEED") {
		return fmt.Errorf("engine.creds: %s is no credentials file of NATS, which holds a user's JWT and seed", path)
	}
	return nil
}

// secure gives the embedded server its certificate. With an authority, it
// demands one of every gateway; this process needs none.
func (c Config) secure(o *server.Options) error {
	t, err := c.TLS.Load()
	if err != nil || t == nil || c.Listen == "" {
		return err
	}
	if t.RootCAs != nil {
		t.ClientAuth, t.ClientCAs, o.TLSVerify = tls.RequireAndVerifyClientCert, t.RootCAs, true
	}
	o.TLS, o.TLSConfig, o.TLSTimeout = true, t, requestTimeout.Seconds()
	return nil
}

// proof is how the client proves itself and what it asks of the server.
func (c Config) proof() ([]nats.Option, error) {
	opts := []nats.Option{c.tokenOption()}
	if c.Creds != "" {
		opts = []nats.Option{nats.UserCredentials(c.Creds)}
	}
	if c.URL == "" {
		return opts, nil
	}
	t, err := c.TLS.Load()
	if t != nil {
		opts = append(opts, nats.Secure(t))
	}
	return opts, errors.Join(err, checkCreds(c.Creds))
}

// tokenOption reads a token that lies in a file at each connection: whoever
// keeps it may start later than we do.
func (c Config) tokenOption() nats.Option {
	if c.TokenFrom.Missing() {
		return nats.Token(c.Token.Reveal())
	}
	return nats.TokenHandler(func() string {
		v, err := c.TokenFrom.Value()
		if err != nil {
			c.Logger.Warn("engine token cannot be read", "error", err.Error())
		}
		return v.Reveal()
	})
}

// Loopback reports whether an engine's URL leads to this machine.
func Loopback(address string) bool {
	for part := range strings.SplitSeq(address, ",") {
		u, err := url.Parse(strings.TrimSpace(part))
		if err != nil || !check.Loopback(u.Hostname()) {
			return false
		}
	}
	return true
}
