package simulate

import (
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/imgfleet/imgfleet/pkg/check"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/worker/provider/double"
)

// Config says whom to play and where.
type Config struct {
	// The address of the books, which say what every played vendor was asked.
	Listen string `config:"listen" range:"host:port on loopback" example:"127.0.0.1:8090"`
	// The vendors that are played.
	Vendors []Vendor `config:"vendors"`
}

// Vendor is one double.
type Vendor struct {
	// The provider's name.
	Name string `config:"name" example:"seedream"`
	// Whose API it plays.
	Kind string `config:"kind" range:"see worker/provider/README.md" example:"seedream"`
	// Which of its dialects, for kinds that have several.
	Dialect string `config:"dialect" example:"siliconflow"`
	// The address of the API.
	Listen string `config:"listen" range:"host:port on loopback" example:"127.0.0.1:8091"`
	// The key that it takes. It opens nothing else.
	APIKey secret.Ref   `config:"apiKey" unit:"secret" example:"simulated"`
	Key    secret.Value // what apiKey names
	// How it behaves; imgctl dev --help lists the knobs.
	Knobs string `config:"knobs" example:"median=4s&p95=9s&rate=0.05"`
}

// behaviour is that of a quick vendor with a tail, unless the knobs say
// otherwise.
func behaviour() double.Knobs {
	return double.Knobs{Median: 3 * time.Second, P95: 8 * time.Second, Slow: 20 * time.Second}
}

// Validate names every faulty value, as the operator wrote it.
func (c Config) Validate() error {
	var faults check.Faults
	faults.Add(loopback("simulate.listen", c.Listen))
	listeners := []check.Listener{{Key: "simulate.listen", Address: c.Listen}}
	faults.If(len(c.Vendors) == 0, "simulate.vendors: at least one is needed")
	seen := map[string]bool{}
	for i, v := range c.Vendors {
		key := fmt.Sprintf("simulate.vendors[%d]", i)
		faults.If(v.Name == "" || seen[v.Name], "%s.name: must be given and unique, is %q", key, v.Name)
		seen[v.Name] = true
		faults.If(v.APIKey.Empty(), "%s.apiKey: is missing", key)
		faults.Add(loopback(key+".listen", v.Listen))
		if _, err := double.ParseKnobs(v.Knobs, behaviour()); err != nil {
			faults.Say("%s.knobs: %w", key, err)
		}
		listeners = append(listeners, check.Listener{Key: key + ".listen", Address: v.Listen})
	}
	faults.Listeners(listeners...)
	return faults.Err()
}

// loopback: nobody else is to take a double for a vendor.
func loopback(key, address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%s: must be host:port, is %q", key, address)
	}
	if a, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !a.IsLoopback()) {
		return fmt.Errorf("%s: must be on loopback, is %q", key, address)
	}
	return nil
}
