package obs

import (
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/imgfleet/imgfleet/pkg/check"
	"github.com/imgfleet/imgfleet/pkg/secret"
)

// How requests are signed.
const (
	SignatureOBS = "obs" // Huawei Cloud
	SignatureV4  = "v4"  // S3-compatible servers
)

// Where the keys come from.
const (
	CredentialsStatic = "static" // from the configuration
	CredentialsECS    = "ecs"    // temporary ones, of the agency of the machine
)

// Config says which bucket and who we are.
type Config struct {
	Endpoint      string
	Bucket        string
	Credentials   string
	AccessKey     secret.Value
	SecretKey     secret.Value
	SecurityToken secret.Value // of temporary keys
	Signature     string
	PathStyle     bool
	Region        string
	Retention     time.Duration // the bucket's own rules remove what outlives it by days
}

// Defaults are those of OBS itself.
func Defaults() Config {
	return Config{Signature: SignatureOBS, Credentials: CredentialsStatic, Retention: 24 * time.Hour}
}

// Validate says everything that is wrong.
func (c Config) Validate() error {
	var faults check.Faults
	u, err := url.Parse(c.Endpoint)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || (u.Path != "" && u.Path != "/") || u.RawQuery != "" {
		faults.Say("store.obs.endpoint: must be http(s)://host, is %q", c.Endpoint)
	} else if _, err := netip.ParseAddr(u.Hostname()); err == nil && c.Signature == SignatureOBS {
		faults.Say("store.obs.endpoint: an IP address needs signature v4: obs addresses the bucket by its host name")
	}
	faults.If(c.Bucket == "", "store.obs.bucket: must not be empty")
	faults.If(!slices.Contains([]string{SignatureOBS, SignatureV4}, c.Signature), "store.obs.signature: must be obs or v4, is %q", c.Signature)
	faults.If(c.PathStyle && c.Signature == SignatureOBS, "store.obs.pathStyle: needs signature v4: obs addresses the bucket by its host name")
	faults.If(c.Signature == SignatureV4 && c.Region == "", "store.obs.region: must not be empty with signature v4")
	c.checkCredentials(&faults)
	return faults.Err()
}

func (c Config) checkCredentials(faults *check.Faults) {
	switch c.Credentials {
	case CredentialsStatic:
		faults.If(c.AccessKey.Empty(), "store.obs.accessKey: must not be empty")
		faults.If(c.SecretKey.Empty(), "store.obs.secretKey: must not be empty")
	case CredentialsECS:
		faults.If(!c.AccessKey.Empty() || !c.SecretKey.Empty() || !c.SecurityToken.Empty(),
			"store.obs.credentials: ecs takes its keys from the machine; give no accessKey, secretKey or securityToken")
	default:
		faults.Say("store.obs.credentials: must be static or ecs, is %q", c.Credentials)
	}
}
