package client

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/imgfleet/imgfleet/pkg/check"
	"github.com/imgfleet/imgfleet/pkg/peer"
)

// Config says where the API is and how patient the client is.
type Config struct {
	BaseURL    string        // e.g. "http://127.0.0.1:8080"
	HTTP       *http.Client  // shared by all sessions; NewHTTP when nil
	Language   string        // Accept-Language, "" for the server's choice
	Attempts   int           // of one call, at least 1
	MinBackoff time.Duration // before the first repetition, doubled each time
	MaxBackoff time.Duration // also the longest Retry-After that is waited for
	Silence    time.Duration // a stream that says nothing for so long is opened again
}

// Defaults are those of a patient caller.
func Defaults() Config {
	return Config{
		Attempts: 6, MinBackoff: 100 * time.Millisecond, MaxBackoff: 5 * time.Second, Silence: 45 * time.Second,
	}
}

// Validate says everything that is wrong.
func (c Config) Validate() error {
	var faults check.Faults
	if u, err := url.Parse(c.BaseURL); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		faults.Say("client: base URL must be http://… or https://…, is %q", c.BaseURL)
	}
	faults.If(c.Attempts < 1, "client: attempts must be at least 1, is %d", c.Attempts)
	faults.If(c.MinBackoff <= 0 || c.MaxBackoff < c.MinBackoff, "client: backoff must be positive and grow, is %v…%v", c.MinBackoff, c.MaxBackoff)
	faults.If(c.Silence <= 0, "client: silence must be positive, is %v", c.Silence)
	return faults.Err()
}

// Client is one API; Sessions of it share its connections. It is safe for
// concurrent use.
type Client struct {
	config Config
	base   *url.URL
	http   *http.Client
}

// New makes a client. It connects to nothing yet.
func New(c Config) (*Client, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	base, err := url.Parse(c.BaseURL)
	if err != nil {
		return nil, err
	}
	if c.HTTP == nil {
		c.HTTP = NewHTTP(64)
	}
	return &Client{config: c, base: base, http: c.HTTP}, nil
}

// NewHTTP makes an HTTP client that keeps up to conns connections to a host
// open between requests, as a load generator needs. It follows no redirect
// and has no overall time-out, because streams last; calls end with their
// context.
func NewHTTP(conns int) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext:         peer.Dialer(5 * time.Second).DialContext,
			MaxIdleConns:        conns,
			MaxIdleConnsPerHost: conns,
			IdleConnTimeout:     90 * time.Second,
			TLSHandshakeTimeout: 5 * time.Second,
			DisableCompression:  true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// at resolves a path or URL of the API.
func (c *Client) at(ref string) (string, error) {
	u, err := url.Parse(ref)
	if err != nil {
		return "", fmt.Errorf("client: %w", err)
	}
	return c.base.ResolveReference(u).String(), nil
}
