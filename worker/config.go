package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/pkg/check"
	"github.com/imgfleet/imgfleet/pkg/config"
	"github.com/imgfleet/imgfleet/pkg/limit"
	"github.com/imgfleet/imgfleet/pkg/moderation"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/telemetry"
	"github.com/imgfleet/imgfleet/pkg/workerrpc"
	"github.com/imgfleet/imgfleet/worker/admin"
	"github.com/imgfleet/imgfleet/worker/generate"
	"github.com/imgfleet/imgfleet/worker/label"
	"github.com/imgfleet/imgfleet/worker/picture"
	"github.com/imgfleet/imgfleet/worker/picture/sandbox"
	"github.com/imgfleet/imgfleet/worker/provider"
	"github.com/imgfleet/imgfleet/worker/provider/vendorhttp"
	"github.com/imgfleet/imgfleet/worker/spool"
)

// drainUsual is the minute that a synchronous vendor's call may take, and the
// time to store its picture: nobody can take such a call up. Jobs that take
// longer are resumed by other workers.
const drainUsual = 70 * time.Second

// Config is the part of the one configuration file that a worker reads.
//
// The comments of the fields are the reference for operators
// (deploy/config/reference.yaml); range and example are tags.
type Config struct {
	// How strict the program is: prod refuses what is only safe on one machine. It must be said when others reach a listener; else it is dev.
	Environment string `config:"environment" range:"dev|prod"`
	// This worker.
	Worker workerConfig `config:"worker"`
	// Where workers and gateways find each other.
	Fleet fleetConfig `config:"fleet"`
	// What lies on this machine.
	Data dataConfig `config:"data"`
	// The models that draw. The list replaces the built-in mock.
	Providers []provider.Config `config:"providers"`
	// Where workers may fetch pictures from.
	Egress egressConfig `config:"egress"`
	// What judges words and pictures.
	Moderation moderation.Config `config:"moderation"`
	// The marks on every generated picture that the law asks for.
	Label label.Config `config:"label"`
	// How photos are decoded.
	Picture pictureConfig `config:"picture"`
	// The gateway's limits. A worker uses those of a photo.
	Limits limitsConfig `config:"limits"`
	// The files for mutual TLS between gateways and workers. Give all three or none.
	TLS workerrpc.Identity `config:"tls"`
	// The program's own log, on standard error.
	Log telemetry.LogConfig `config:"log"`
}

type workerConfig struct {
	// The address at which gateways call this worker. Port 0 picks a free one. Beyond loopback it needs the section tls.
	Listen string `config:"listen" range:"host:port" example:"0.0.0.0:9000"`
	// This worker's address as gateways reach it. Empty is the listen address.
	Advertise string `config:"advertise" range:"host:port" example:"worker-1.cn-north.example.com:9000"`
	// The region of this worker. Gateways prefer workers of a task's region.
	Region string `config:"region" example:"cn-north"`
	// How many pictures it draws at once.
	Capacity int `config:"capacity" range:"1…" example:"16"`
	// The folder in which pictures that are paid for are kept until they are stored, so that the next worker at it stores what this one left when it died. Nobody else may enter it. Empty is spool in data.dir, off keeps them in memory only.
	Spool string `config:"spool" range:"folder|off" example:"/var/lib/imgfleet/spool"`
	// What the pictures in worker.spool may take. Further ones are kept in memory only.
	SpoolSize config.Bytes `config:"spoolSize" range:"0…" example:"1GiB"`
	// How long running attempts may take when the worker is told to stop.
	Drain time.Duration `config:"drain" range:"0…" example:"3m"`
	// Where this worker is observed.
	Admin admin.Config `config:"admin"`
	// The old name of worker.admin.listen. It goes with the next release.
	Metrics string `config:"metrics" range:"host:port" example:"127.0.0.1:9100"`
}

type fleetConfig struct {
	// The address at which gateways hear heartbeats.
	Listen config.Ignored `config:"listen"`
	// The fleet listeners of all gateways, as workers reach them.
	Gateways []string `config:"gateways" range:"list of host:port" example:"[\"10.0.0.5:8082\"]"`
	// The secret that gateways and workers share. Empty takes the one that a gateway of this machine keeps in data.dir/fleet-token; with the section tls none is needed.
	Token secret.Ref `config:"token" unit:"secret" example:"env:FLEET_TOKEN"`
}

type dataConfig struct {
	// The directory of a gateway on this machine. Without fleet.token and the section tls, the worker reads the token that the gateway keeps there.
	Dir string `config:"dir" example:"/var/lib/imgfleet"`
}

type egressConfig struct {
	// Hosts ("*.example.com": a star stands within one label), addresses and prefixes that results may be fetched from, besides those that drivers know of their vendors. Private addresses need a prefix.
	Allow []string `config:"allow" range:"hosts, addresses, prefixes" example:"[\"img.example.com\"]"`
}

func (c *Config) egress() vendorhttp.Egress {
	return vendorhttp.Egress{Allow: c.Egress.Allow, Loopback: !c.prod()}
}

type pictureConfig struct {
	// What decodes HEIC: libheif in WebAssembly (safe, slower, up to 24 megapixels), the libheif of this machine, or that one where it is there.
	HEIF sandbox.HEIF `config:"heif" range:"wasm|native|auto" example:"auto"`
	// Processes that decode photos. 0 is one a core.
	Decoders int `config:"decoders" range:"0…" example:"2"`
	// What each of them may allocate.
	DecoderMemory config.Bytes `config:"decoderMemory" range:"256MiB…" example:"512MiB"`
}

// sandbox lacks the program, and what picture.heif comes to here.
func (p pictureConfig) sandbox() sandbox.Config {
	c := sandbox.Defaults()
	if p.Decoders != 0 {
		c.Decoders = p.Decoders
	}
	c.Memory = int64(p.DecoderMemory)
	return c
}

func (p pictureConfig) validate() error {
	c := p.sandbox()
	c.Program = "this one"
	return errors.Join(p.HEIF.Validate(), c.Validate())
}

// limitsConfig are the gateway's limits. A worker uses those that bound a
// photo; the rest stands in the same file.
type limitsConfig struct {
	limit.Limits

	// How long a task may take.
	TaskTimeout config.Ignored `config:"taskTimeout"`
}

func defaults() *Config {
	return &Config{
		Worker: workerConfig{
			Listen: "127.0.0.1:0", Region: "local", Capacity: generate.Defaults().Capacity, Drain: drainUsual, Admin: admin.Defaults(), SpoolSize: 1 << 30,
		},
		Data:       dataConfig{Dir: ".imgfleet"},
		Providers:  provider.Defaults(),
		Moderation: moderation.Defaults(),
		Label:      label.Defaults(),
		Picture:    pictureConfig{HEIF: sandbox.WASM, DecoderMemory: config.Bytes(sandbox.Defaults().Memory)},
		Limits:     limitsConfig{Limits: limit.Defaults()},
		Log:        telemetry.LogDefaults(),
	}
}

// Validate names everything that is wrong, as the operator wrote it.
func (c *Config) Validate() error {
	return errors.Join(c.Worker.validate(), c.Fleet.validate(), provider.Validate(c.Providers),
		drivable(c.Providers, c.egress()), c.egress().Validate(), c.Moderation.Validate(), c.Label.Validate(), c.Picture.validate(), c.Limits.Validate(), c.TLS.Validate(), c.Log.Validate(), c.facts().Validate())
}

// nowhere reports whether the worker tells gateways an address that stands for
// every address of a machine.
func (w workerConfig) nowhere() bool {
	host, _, err := net.SplitHostPort(w.Listen)
	a, name := netip.ParseAddr(host)
	return err == nil && w.Advertise == "" && (host == "" || name == nil && a.IsUnspecified())
}

func (w workerConfig) validate() error {
	var faults check.Faults
	faults.If(w.Listen == "", "worker.listen: must be host:port, is empty")
	key, address := w.observed()
	faults.Listeners(check.Listener{Key: "worker.listen", Address: w.Listen}, check.Listener{Key: key, Address: address})
	faults.If(w.Metrics != "" && w.Admin != admin.Defaults(), "worker.metrics: is the old name of worker.admin.listen, which is set, too: leave it out")
	faults.Reachable("worker.advertise", w.Advertise)
	faults.If(strings.TrimSpace(w.Region) == "", "worker.region: must be a name, such as cn-north; gateways choose workers by it")
	faults.If(w.Capacity < 1, "worker.capacity: must be at least 1, is %d", w.Capacity)
	faults.Add(spool.Config{Most: int64(w.SpoolSize)}.Validate())
	faults.If(w.Drain < 0, "worker.drain: must not be negative, is %v", w.Drain)
	return faults.Err()
}

func (f fleetConfig) validate() error {
	var faults check.Faults
	for i, addr := range f.Gateways {
		faults.If(addr == "", "fleet.gateways[%d]: must be host:port, is empty", i)
		faults.Reachable(fmt.Sprintf("fleet.gateways[%d]", i), addr)
	}
	return faults.Err()
}

// pictures narrows the decoder to the configured limits; 0 is off there and
// the built-in bound here, since a decoder without one can be killed.
func (l limitsConfig) pictures() picture.Config {
	p := picture.Defaults()
	if l.MaxUploadBytes > 0 {
		p.MaxBytes = l.MaxUploadBytes
	}
	if l.MaxPixels > 0 {
		p.MaxPixels = l.MaxPixels
	}
	return p
}
