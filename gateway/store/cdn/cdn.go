package cdn

import (
	"crypto/md5" //nolint:gosec // the CDN's signing type A is defined over MD5
	"encoding/hex"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/pkg/check"
	"github.com/imgfleet/imgfleet/pkg/secret"
)

const (
	minKey      = 6
	maxKey      = 32
	maxValidity = 365 * 24 * time.Hour
)

// Config names the CDN domain. All is empty when there is none.
type Config struct {
	BaseURL    string
	SigningKey secret.Value
	// Validity is the time for which the domain accepts a signature, as set
	// in the CDN's console. A URL is back-dated by it, so that it ends when
	// the picture does and is the same however often it is asked for.
	Validity time.Duration
}

// Enabled reports whether there is a CDN.
func (c Config) Enabled() bool { return c.BaseURL != "" }

// Validate says everything that is wrong.
func (c Config) Validate() error {
	if !c.Enabled() {
		if !c.SigningKey.Empty() {
			return errors.New("cdn.baseUrl: must be given with cdn.signingKey")
		}
		return nil
	}
	var faults check.Faults
	u, err := url.Parse(c.BaseURL)
	faults.If(err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "",
		"cdn.baseUrl: must be http(s)://host without a path or a query, is %q", c.BaseURL)
	faults.If(c.SigningKey.Empty(), "cdn.signingKey: must not be empty: whoever guesses an address would see the picture")
	faults.If(!c.SigningKey.Empty() && !c.SigningKey.Sealed() && !validKey(c.SigningKey.Reveal()), "cdn.signingKey: must be 6 to 32 letters and digits")
	faults.If(c.Validity <= 0 || c.Validity > maxValidity, "cdn.validity: must be positive and at most %v, is %v", maxValidity, c.Validity)
	return faults.Err()
}

// Signer makes signed URLs.
type Signer struct {
	base     string
	key      string
	validity time.Duration
}

// New builds a signer. The CDN demands a key of 6 to 32 letters and digits.
func New(c Config) (*Signer, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return &Signer{base: strings.TrimRight(c.BaseURL, "/"), key: c.SigningKey.Reveal(), validity: c.Validity}, nil
}

// URL is where the CDN serves a path, which begins with '/', until a moment.
func (s *Signer) URL(path string, until time.Time) string {
	escaped := (&url.URL{Path: path}).EscapedPath()
	return s.base + escaped + "?auth_key=" + sign(escaped, until.Add(-s.validity).Unix(), s.key)
}

// Address is a path at the CDN without a signature, as the CDN's own API
// names what it keeps.
func (s *Signer) Address(path string) string { return s.base + (&url.URL{Path: path}).EscapedPath() }

// sign is signing type A with neither a random number nor a user: the hash
// covers path, start and key.
func sign(path string, start int64, key string) string {
	fields := strconv.FormatInt(start, 10) + "-0-0"
	sum := md5.Sum([]byte(path + "-" + fields + "-" + key)) //nolint:gosec // as above
	return fields + "-" + hex.EncodeToString(sum[:])
}

func validKey(key string) bool {
	for _, c := range []byte(key) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return len(key) >= minKey && len(key) <= maxKey
}
