package refresh

import (
	"errors"
	"fmt"
	"net/url"
	"time"
)

// Config says who we are to the CDN. Keys are the secrets themselves by the
// time Open sees them. All is empty when nothing is refreshed.
type Config struct {
	AccessKey         string
	SecretKey         string
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
func (c Config) Enabled() bool { return c.AccessKey != "" || c.SecretKey != "" || c.DomainID != "" }

// Validate says everything that is wrong.
func (c Config) Validate() error {
	if !c.Enabled() {
		return nil
	}
	var errs []error
	for key, value := range map[string]string{"accessKey": c.AccessKey, "secretKey": c.SecretKey, "domainId": c.DomainID} {
		if value == "" {
			errs = append(errs, fmt.Errorf("cdn.%s: must be given: a refresh needs cdn.accessKey, cdn.secretKey and cdn.domainId", key))
		}
	}
	u, err := url.Parse(c.Endpoint)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || (u.Path != "" && u.Path != "/") {
		errs = append(errs, fmt.Errorf("cdn.endpoint: must be http(s)://host, is %q", c.Endpoint))
	}
	if c.Keep <= 0 {
		errs = append(errs, fmt.Errorf("retention: must be positive, is %v", c.Keep))
	}
	return errors.Join(errs...)
}
