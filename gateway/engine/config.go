package engine

import (
	"log/slog"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/imgfleet/imgfleet/pkg/check"
	"github.com/imgfleet/imgfleet/pkg/secret"
)

// MaxReplicas is how many replicas a stream may have.
const MaxReplicas = 5

// Config chooses the engine.
type Config struct {
	URL    string       // of an external cluster; "" embeds a server in this process
	Listen string       // client address of the embedded server, for further gateways; "" serves this process only
	Token  secret.Value // shared by Listen and URL
	// TokenFrom is instead of Token, for a token of URL that lies in a file.
	TokenFrom secret.Source
	TLS       TLS
	Creds     string        // a credentials file of NATS, for URL
	Dir       string        // where the embedded server keeps its data
	Always    bool          // fsync before every acknowledgement
	Interval  time.Duration // else fsync this often
	Replicas  int           // of every stream; 0 for as many as the engine has nodes, three at most

	Bounds Bounds // of calls; zero is DefaultBounds

	Differs  func(what, how string) // is told what is not as configured and how, and "" once it is; nil tells nobody
	Logger   *slog.Logger           // nil logs nothing
	Registry prometheus.Registerer  // of mirrors; nil measures nothing
}

// Defaults are those of one embedded node that survives a power cut.
func Defaults() Config { return Config{Always: true, Interval: 2 * time.Minute} }

// Validate says everything that is wrong.
func (c Config) Validate() error {
	var faults check.Faults
	if c.URL != "" {
		if u, err := url.Parse(c.URL); err != nil || (u.Scheme != "nats" && u.Scheme != "tls") {
			faults.Say("engine.url: must be nats://… or tls://…, is %q", secret.NewURL(c.URL).Public())
		}
	}
	faults.If(!c.Always && c.Interval <= 0, "engine.sync: must be \"always\" or a positive duration, is %v", c.Interval)
	faults.If(c.Replicas < 0 || c.Replicas > MaxReplicas, "engine.replicas: must be 1…%d, is %d", MaxReplicas, c.Replicas)
	faults.Add(c.validateProof())
	return faults.Err()
}
