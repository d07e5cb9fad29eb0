package vendorhttp

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"
)

const (
	dialWithin    = 10 * time.Second
	tlsWithin     = 10 * time.Second
	idleWithin    = 30 * time.Second // less than load balancers keep a connection: a write to a closed one is an unknown outcome
	maxHeader     = 64 << 10
	answerDefault = 1 << 20
	pictureBytes  = 48 << 20
)

// Config is what one provider's client is made of.
type Config struct {
	Base    string   // of the vendor's API; what it serves itself may be fetched
	Hosts   []string // from which the vendor's results are fetched, as patterns
	Egress  Egress
	Answer  int64 // bytes of an API answer, 0 for the usual
	Picture int64 // bytes of a result, 0 for the usual
}

// Client is one provider's way out.
type Client struct {
	api     *http.Client
	results *http.Client
	guard   *guard
	answer  int64
	picture int64
	grace   time.Duration
	pause   time.Duration // before the second try of a download
}

// New makes a client. It speaks HTTP/1.1, one call a connection at a time, so
// that it can tell whether a call was sent.
func New(c Config) (*Client, error) {
	g, err := newGuard(c)
	if err != nil {
		return nil, err
	}
	via, err := proxy(c.Egress.Proxy.Reveal())
	if err != nil {
		return nil, err
	}
	cl := &Client{guard: g, answer: c.Answer, picture: c.Picture, grace: resultGrace, pause: firstPause}
	if cl.answer == 0 {
		cl.answer = answerDefault
	}
	if cl.picture == 0 {
		cl.picture = pictureBytes
	}
	dial := &net.Dialer{Timeout: dialWithin, KeepAlive: 30 * time.Second}
	cl.api = &http.Client{
		Transport:     transport(via, counted(dial)),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	checked := dial
	if via == nil { // a proxy resolves names itself, and is the operator's
		checked = &net.Dialer{Timeout: dialWithin, ControlContext: g.control}
	}
	cl.results = &http.Client{Transport: transport(via, checked.DialContext), CheckRedirect: g.redirect}
	return cl, nil
}

type dialer func(ctx context.Context, network, addr string) (net.Conn, error)

func transport(via func(*http.Request) (*url.URL, error), dial dialer) *http.Transport {
	var p http.Protocols
	p.SetHTTP1(true)
	return &http.Transport{
		Proxy: via, DialContext: dial, Protocols: &p, TLSHandshakeTimeout: tlsWithin, IdleConnTimeout: idleWithin,
		MaxIdleConns: 64, MaxIdleConnsPerHost: 16, MaxResponseHeaderBytes: maxHeader, ExpectContinueTimeout: time.Second,
	}
}

// proxy reads a configured proxy; "" is none.
func proxy(raw string) (func(*http.Request) (*url.URL, error), error) {
	if raw == "" {
		return nil, nil
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return nil, errors.New("proxy: is no absolute URL")
	}
	return http.ProxyURL(u), nil
}
