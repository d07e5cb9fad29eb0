package admin

import (
	"github.com/imgfleet/imgfleet/pkg/check"
	"github.com/imgfleet/imgfleet/pkg/operator"
	"github.com/imgfleet/imgfleet/pkg/secret"
)

// Config says where the admin API listens and who may use it.
type Config struct {
	Listen string
	Token  secret.Value // the bearer token, at least 16 characters
	TLS    Files
	Hosts  []string // further names the API may be called by, beside IP addresses and localhost
}

// Defaults are those of one machine.
func Defaults() Config { return Config{Listen: "127.0.0.1:8081"} }

// Validate says everything that is wrong.
func (c Config) Validate() error {
	var faults check.Faults
	faults.Listeners(check.Listener{Key: "admin.listen", Address: c.Listen})
	faults.If(!c.Token.Sealed() && len(c.Token.Reveal()) < operator.MinTokenSize, "admin.token: needs at least %d characters", operator.MinTokenSize)
	faults.If((c.TLS.Cert == "") != (c.TLS.Key == ""), "admin.tls: cert and key belong together; give both or none")
	for i, h := range c.Hosts {
		faults.If(!validHost(h), "admin.hosts[%d]: must be a name such as admin.example.com, without scheme or path and in ASCII, is %q", i, h)
	}
	return faults.Err()
}

// LoadOrCreateToken returns the admin token kept at path and makes it on the
// first call. imgctl dev shares the file, so the two must agree on it.
func LoadOrCreateToken(path string) (string, error) { return operator.LoadOrCreateToken(path) }
