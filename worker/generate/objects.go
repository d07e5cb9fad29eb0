package generate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"github.com/imgfleet/imgfleet/pkg/check"
	"github.com/imgfleet/imgfleet/pkg/peer"
	"github.com/imgfleet/imgfleet/pkg/tick"
)

// errStatus is an answer of the object store that is no success.
type errStatus int

// Error names the status; the URL is a secret and stays out.
func (e errStatus) Error() string { return fmt.Sprintf("object store answered %d", int(e)) }

// permanent reports whether asking again is pointless.
func (e errStatus) permanent() bool {
	return e >= 300 && e < 500 && e != http.StatusRequestTimeout && e != http.StatusTooManyRequests
}

// cacheControl is what a bucket tells browsers and its CDN about an object:
// a key is written once, and a deleted picture must not live on for long.
const cacheControl = "max-age=3600,immutable"

// errTooLong says that an object is longer than it may be.
var errTooLong = errors.New("object is too long")

// errURL says nothing of the URL, which is a secret.
var errURL = errors.New("malformed URL")

// errOwn says that a URL leads to the worker's own machine.
var errOwn = errors.New("a worker of prod fetches nothing from its own machine")

// objects reads and writes the signed URLs that calls bring.
type objects struct {
	client *http.Client
}

// newObjects keeps many connections: a busy worker writes three objects a
// task to the same host. Redirects are refused, since a signature holds for
// one address only.
func newObjects(noLoopback bool) *objects {
	dial := peer.Dialer(5 * time.Second)
	if noLoopback {
		dial.ControlContext = elsewhere(dial.Control)
	}
	return &objects{client: &http.Client{
		Transport: &http.Transport{
			DialContext:           dial.DialContext,
			MaxIdleConns:          1024,
			MaxIdleConnsPerHost:   512,
			IdleConnTimeout:       90 * time.Second,
			TLSHandshakeTimeout:   5 * time.Second,
			ResponseHeaderTimeout: 30 * time.Second,
			DisableCompression:    true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// elsewhere refuses addresses of this machine when they are dialled, so that
// no name leads there either.
func elsewhere(then control) func(context.Context, string, string, syscall.RawConn) error {
	return func(_ context.Context, network, address string, c syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil || check.Own(at.Addr()) {
			return errOwn
		}
		return then(network, address, c)
	}
}

// control prepares a socket before it is connected, as net.Dialer has it.
type control = func(network, address string, c syscall.RawConn) error

// get reads at most maxBytes.
func (o *objects) get(ctx context.Context, url string, maxBytes int64) ([]byte, error) {
	var body []byte
	err := retry(ctx, tries, func() error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return errURL
		}
		body, err = o.do(req, maxBytes)
		return err
	})
	return body, err
}

// put writes data whole, and goes on until ctx ends or the store refuses it for
// good.
func (o *objects) put(ctx context.Context, url, contentType string, data []byte) error {
	return retry(ctx, forever, func() error { return o.putOnce(ctx, url, contentType, data) })
}

// save is put for what is paid for. It goes on until ctx ends, whatever the
// store answers: a bucket without room refuses in many ways, and a store is back
// sooner than another picture is made. url is asked for each time.
func (o *objects) save(ctx context.Context, url func() string, contentType string, data []byte) error {
	return retry(ctx, anyhow, func() error { return o.putOnce(ctx, url(), contentType, data) })
}

func (o *objects) putOnce(ctx context.Context, url, contentType string, data []byte) error {
	ctx, cancel := context.WithTimeout(ctx, putWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, url, bytes.NewReader(data))
	if err != nil {
		return errURL
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Cache-Control", cacheControl)
	_, err = o.do(req, 64<<10)
	return err
}

func (o *objects) do(req *http.Request, maxBytes int64) ([]byte, error) {
	resp, err := o.client.Do(req)
	if err != nil {
		return nil, bare(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode/100 != 2 {
		_, _ = io.CopyN(io.Discard, resp.Body, 64<<10)
		return nil, errStatus(resp.StatusCode)
	}
	return readAll(resp, maxBytes)
}

func readAll(resp *http.Response, maxBytes int64) ([]byte, error) {
	if resp.ContentLength > maxBytes {
		return nil, errTooLong
	}
	var buf bytes.Buffer
	if resp.ContentLength > 0 {
		buf.Grow(int(resp.ContentLength) + bytes.MinRead)
	}
	n, err := buf.ReadFrom(io.LimitReader(resp.Body, maxBytes+1))
	if err == nil && n > maxBytes {
		err = errTooLong
	}
	return buf.Bytes(), err
}

// bare takes the URL, which is a secret, out of a client's error.
func bare(err error) error {
	var u interface{ Unwrap() error }
	if errors.As(err, &u) {
		if inner := u.Unwrap(); inner != nil {
			return inner
		}
	}
	return errors.New("request failed")
}

const (
	tries     = 5
	forever   = -1               // tries until ctx ends, or the answer is final
	anyhow    = -2               // no answer is final
	putWithin = 15 * time.Second // one try; a store that hangs answers no sooner
	mostPause = 2 * time.Second  // between two tries
)

// retry repeats what may succeed later, within ctx.
func retry(ctx context.Context, tries int, do func() error) error {
	for try := 1; ; try++ {
		err := do()
		var status errStatus
		switch {
		case err == nil, errors.Is(err, errTooLong), errors.Is(err, errOwn), errors.Is(err, errURL), try == tries:
			return err
		case tries != anyhow && errors.As(err, &status) && status.permanent():
			return err
		}
		if !tick.Wait(ctx, min(mostPause, time.Duration(try*try)*100*time.Millisecond)) {
			return errors.Join(err, ctx.Err())
		}
	}
}
