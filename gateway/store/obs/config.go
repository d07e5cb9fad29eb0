package obs

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"time"
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

// Config says which bucket and who we are. Keys are the secrets themselves by
// the time Open sees them.
type Config struct {
	Endpoint      string
	Bucket        string
	Credentials   string
	AccessKey     string
	SecretKey     string
	SecurityToken string // of temporary keys
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
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("store.obs."+format, args...)) }
	u, err := url.Parse(c.Endpoint)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || (u.Path != "" && u.Path != "/") || u.RawQuery != "" {
		bad("endpoint: must be http(s)://host, is %q", c.Endpoint)
	} else if _, err := netip.ParseAddr(u.Hostname()); err == nil && c.Signature == SignatureOBS {
		bad("endpoint: an IP address needs signature v4: obs addresses the bucket by its host name")
	}
	if c.Bucket == "" {
		bad("bucket: must not be empty")
	}
	if !slices.Contains([]string{SignatureOBS, SignatureV4}, c.Signature) {
		bad("signature: must be obs or v4, is %q", c.Signature)
	}
	if c.PathStyle && c.Signature == SignatureOBS {
		bad("pathStyle: needs signature v4: obs addresses the bucket by its host name")
	}
	if c.Signature == SignatureV4 && c.Region == "" {
		bad("region: must not be empty with signature v4")
	}
	c.checkCredentials(bad)
	return errors.Join(errs...)
}

func (c Config) checkCredentials(bad func(format string, args ...any)) {
	switch c.Credentials {
	case CredentialsStatic:
		if c.AccessKey == "" {
			bad("accessKey: must not be empty")
		}
		if c.SecretKey == "" {
			bad("secretKey: must not be empty")
		}
	case CredentialsECS:
		if c.AccessKey != "" || c.SecretKey != "" || c.SecurityToken != "" {
			bad("credentials: ecs takes its keys from the machine; give no accessKey, secretKey or securityToken")
		}
	default:
		bad("credentials: must be static or ecs, is %q", c.Credentials)
	}
}
