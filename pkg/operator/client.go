package operator

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/pkg/check"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/peer"
	"github.com/imgfleet/imgfleet/pkg/secret"
)

// The headers with which a mutating request explains itself. Values are
// percent-encoded UTF-8.
const (
	HeaderWho    = "X-Imgctl-Who"
	HeaderReason = "X-Imgctl-Reason"
)

const maxAnswerBytes = 16 << 20

// ClientConfig says where the admin API is and who asks.
type ClientConfig struct {
	Server string         // "http://127.0.0.1:8081"
	Token  secret.Value   // the admin token
	Who    string         // how the history shall name the caller
	Roots  *x509.CertPool // nil: those of the system

	InsecureHTTP bool // send the token to another machine without TLS
}

// ValidateServer says whether the token may be sent there.
func ValidateServer(server string, insecureHTTP bool) error {
	u, err := url.Parse(server)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("server must be http://… or https://…, is %q", server)
	case u.Scheme == "http" && !insecureHTTP && !check.Loopback(u.Hostname()):
		return fmt.Errorf("server must be https://… beyond this machine, is %q: everybody on the way would read the admin token (--insecure-http sends it all the same)", server)
	default:
		return nil
	}
}

// Validate says what is wrong.
func (c ClientConfig) Validate() error {
	var faults check.Faults
	faults.Add(ValidateServer(c.Server, c.InsecureHTTP))
	faults.If(strings.ContainsAny(c.Token.Reveal(), "\r\n "), "the admin token must be one word")
	return faults.Err()
}

// Client asks the admin API.
type Client struct {
	config ClientConfig
	http   *http.Client
}

// NewClient makes a client. It connects to nothing yet.
func NewClient(c ClientConfig) (*Client, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	transport := &http.Transport{
		DialContext:         peer.Dialer(5 * time.Second).DialContext,
		TLSHandshakeTimeout: 5 * time.Second,
		TLSClientConfig:     &tls.Config{RootCAs: c.Roots, MinVersion: tls.VersionTLS12},
	}
	return &Client{config: c, http: &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Edit explains a mutating request.
type Edit struct {
	Reason  string
	DryRun  bool // answer what would change, change nothing
	Version *int // apply only while the operator state has this version
}

// request is one call; edit is nil when it only reads.
type request struct {
	method string
	path   string
	query  url.Values
	edit   *Edit
	body   any
	raw    []byte // a body that is JSON already
	out    any
}

// ask runs a request and returns the document it is answered with.
func ask[T any](ctx context.Context, c *Client, q request) (T, error) {
	var out T
	q.out = &out
	err := c.do(ctx, q)
	return out, err
}

// list asks for a list.
func list[T any](ctx context.Context, c *Client, path string, query url.Values) ([]T, error) {
	l, err := ask[List[T]](ctx, c, request{method: http.MethodGet, path: path, query: query})
	return l.Data, err
}

func (c *Client) do(ctx context.Context, q request) error {
	r, err := c.build(ctx, q)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return fmt.Errorf("reach the gateway: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswerBytes))
	if err != nil {
		return fmt.Errorf("read the gateway's answer: %w", err)
	}
	if resp.StatusCode >= 300 {
		return refusal(resp, raw)
	}
	if q.out == nil || len(raw) == 0 {
		return nil
	}
	if err := json.Unmarshal(raw, q.out); err != nil {
		return fmt.Errorf("understand the gateway's answer: %w", err)
	}
	return nil
}

func (c *Client) build(ctx context.Context, q request) (*http.Request, error) {
	body := q.raw
	if q.body != nil {
		var err error
		if body, err = json.Marshal(q.body); err != nil {
			return nil, err
		}
	}
	if q.query == nil {
		q.query = url.Values{}
	}
	if q.edit != nil && q.edit.DryRun {
		q.query.Set("dryRun", "true")
	}
	target := strings.TrimSuffix(c.config.Server, "/") + "/admin" + q.path
	if len(q.query) > 0 {
		target += "?" + q.query.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, q.method, target, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+c.config.Token.Reveal())
	r.Header.Set("Accept", "application/json")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if q.edit != nil {
		r.Header.Set(HeaderWho, url.PathEscape(c.config.Who))
		r.Header.Set(HeaderReason, url.PathEscape(q.edit.Reason))
		if q.edit.Version != nil {
			r.Header.Set("If-Match", fmt.Sprintf(`"%d"`, *q.edit.Version))
		}
	}
	return r, nil
}

func refusal(resp *http.Response, raw []byte) error {
	p := &Problem{}
	if json.Unmarshal(raw, p) != nil || p.Code == "" {
		return &Problem{
			Status: resp.StatusCode, Title: resp.Status, Code: fault.NotTheAdminAPI,
			Detail: fmt.Sprintf("the server answered %s; is this the admin address?", resp.Status),
		}
	}
	p.Status = resp.StatusCode
	return p
}
