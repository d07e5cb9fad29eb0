package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/bytedance/sonic"

	"github.com/imgfleet/imgfleet/pkg/tick"
)

const maxAnswerBytes = 8 << 20

// call is one request, repeated until it is answered.
type call struct {
	method string
	url    string // or path
	token  string
	header http.Header // further ones
	body   any         // marshalled as JSON; []byte is sent as it is
	out    any         // filled from a JSON answer, nil to ignore it
}

// answer is what a caller may need besides the body.
type answer struct {
	status int
	header http.Header
}

// do sends the request and repeats it after connection errors, 5xx and 429,
// as often as the configuration allows. Every request of this API may be
// repeated: a request that creates a task carries an Idempotency-Key, and what
// others create twice does no harm.
func (c *Client) do(ctx context.Context, k call) (answer, error) {
	body, err := encode(k.body)
	if err != nil {
		return answer{}, err
	}
	backoff := c.config.MinBackoff
	for attempt := 1; ; attempt++ {
		a, err := c.once(ctx, k, body)
		if err == nil {
			return a, nil
		}
		wait, again := c.wait(err, backoff)
		if !again || attempt >= c.config.Attempts || ctx.Err() != nil {
			return a, fmt.Errorf("%s %s: %w", k.method, k.url, err)
		}
		if !tick.Wait(ctx, wait) {
			return a, context.Cause(ctx)
		}
		backoff = min(2*backoff, c.config.MaxBackoff)
	}
}

func encode(body any) ([]byte, error) {
	switch b := body.(type) {
	case nil:
		return nil, nil
	case []byte:
		return b, nil
	default:
		return sonic.Marshal(b)
	}
}

// once sends the request a single time.
func (c *Client) once(ctx context.Context, k call, body []byte) (answer, error) {
	r, err := c.send(ctx, k, body)
	if err != nil {
		return answer{}, err
	}
	defer finish(r)
	a := answer{status: r.StatusCode, header: r.Header}
	if r.StatusCode >= 300 && r.StatusCode != http.StatusNotModified {
		return a, readProblem(r)
	}
	if k.out == nil || r.StatusCode == http.StatusNoContent || r.StatusCode == http.StatusNotModified {
		return a, nil
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxAnswerBytes))
	if err != nil {
		return a, err
	}
	if err := sonic.Unmarshal(raw, k.out); err != nil {
		return a, fmt.Errorf("%w: %w", errAnswer, err)
	}
	return a, nil
}

// errAnswer is a success whose body cannot be read: repeating will not help.
var errAnswer = errors.New("unreadable answer")

func (c *Client) send(ctx context.Context, k call, body []byte) (*http.Response, error) {
	u, err := c.at(k.url)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, k.method, u, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, values := range k.header {
		r.Header[name] = values
	}
	if _, raw := k.body.([]byte); !raw && k.body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if k.token != "" {
		r.Header.Set("Authorization", "Bearer "+k.token)
	}
	if c.config.Language != "" {
		r.Header.Set("Accept-Language", c.config.Language)
	}
	return c.http.Do(r)
}

// finish leaves the connection fit for the next request.
func finish(r *http.Response) {
	_, _ = io.CopyN(io.Discard, r.Body, 64<<10)
	_ = r.Body.Close()
}

// wait says whether a failed call is worth repeating, and when.
func (c *Client) wait(err error, backoff time.Duration) (time.Duration, bool) {
	jittered := backoff/2 + rand.N(backoff/2+1)
	var p *Problem
	switch {
	case errors.Is(err, errAnswer):
		return 0, false
	case !errors.As(err, &p):
		return jittered, true // the connection failed
	case p.RetryAfter > c.config.MaxBackoff:
		return 0, false
	default:
		return max(jittered, p.RetryAfter), p.again()
	}
}
