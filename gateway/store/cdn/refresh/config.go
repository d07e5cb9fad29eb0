package refresh

import (
	"net/url"
	"time"

	"github.com/imgfleet/imgfleet/pkg/check"
	"github.com/imgfleet/imgfleet/pkg/secret"
)

// Config says who we are to the CDN. All is empty when nothing is refreshed.
type Config struct {
	AccessKey         secret.Value
	SecretKey         secret.Value
	DomainID          string // of the account
	EnterpriseProject string // that the CDN's domain belongs to; needed by sub-accounts
	Endpoint          string
	Keep              time.Duration // how long an address is tried
}

// Defaults are those of Huawei Cloud.
func Defaults() Config {
	return Config{Endpoint: "https://cdn.myhuaweicloud.com", Keep: 24 * time.Hour}
}

// Enabled reports whether there is something to sign with.
func (c Config) Enabled() bool {
	return !c.AccessKey.Empty() || !c.SecretKey.Empty() || c.DomainID != ""
}

// Validate says everything that is wrong.
func (c Config) Validate() error {
	if !c.Enabled() {
		return nil
	}
	var faults check.Faults
	for key, missing := range map[string]bool{"accessKey": c.AccessKey.Empty(), "secretKey": c.SecretKey.Empty(), "domainId": c.DomainID == ""} {
		faults.If(missing, "cdn.%s: must be given: a refresh needs cdn.accessKey, cdn.secretKey and cdn.domainId", key)
	}
	u, err := url.Parse(c.Endpoint)
	faults.If(err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || (u.Path != "" && u.Path != "/"),
		"cdn.endpoint: must be http(s)://host, is %q", c.Endpoint)
	faults.If(c.Keep <= 0, "retention: must be positive, is %v", c.Keep)
	return faults.Err()
}
