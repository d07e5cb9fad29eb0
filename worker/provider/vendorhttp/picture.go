package vendorhttp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/pkg/tick"
	"github.com/imgfleet/imgfleet/worker/provider"
)

const (
	resultTries = 4
	firstPause  = 200 * time.Millisecond
	tryWithin   = 20 * time.Second
	// A result is paid for: it is fetched even when the attempt's time is up
	// or somebody cancels, for as long as dispatch still listens.
	resultGrace = 5 * time.Second
)

// errStatus is an answer of a result host that is no success.
type errStatus int

// Error names the status; the URL is a secret and stays out.
func (e errStatus) Error() string { return fmt.Sprintf("result host answered %d", int(e)) }

// errNoPicture says that bytes are of no format that models make.
var errNoPicture = errors.New("result is no JPEG, PNG or WebP")

// Picture downloads a result at once: it is paid for and will be gone soon.
// Downloads cost nothing, so they are tried again. Its error is a
// *provider.Failure of unknown outcome.
func (c *Client) Picture(ctx context.Context, raw string) ([]byte, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, resultLost(ctx, errors.New("malformed result URL"))
	}
	client := c.api
	if !c.guard.mine(u) {
		if client, err = c.results, c.guard.check(u); err != nil {
			return nil, resultLost(ctx, err)
		}
	}
	ctx, cancel := graced(ctx, c.grace)
	defer cancel()
	pause := c.pause
	for try := 1; ; try++ {
		data, err := c.download(ctx, client, u)
		if err == nil {
			return data, nil
		}
		if try == resultTries || permanent(err) || !tick.Wait(ctx, pause) {
			return nil, resultLost(ctx, err)
		}
		pause *= 3
	}
}

func (c *Client) download(ctx context.Context, client *http.Client, u *url.URL) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, tryWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return nil, errors.New("malformed result URL")
	}
	req.Header.Set("Accept", "image/png, image/jpeg, image/webp")
	resp, err := client.Do(req)
	if err != nil {
		return nil, bare(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, errStatus(resp.StatusCode)
	}
	data, err := read(resp.Body, resp.ContentLength, c.picture)
	if err != nil {
		return nil, err
	}
	return data, Check(data)
}

// Check judges bytes by their beginning: what a server calls them is not
// evidence.
func Check(data []byte) error {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")), bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		return nil
	case len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		return nil
	}
	return errNoPicture
}

func permanent(err error) bool {
	var status errStatus
	if errors.As(err, &status) {
		return status < 500 && status != http.StatusRequestTimeout && status != http.StatusTooManyRequests
	}
	return errors.Is(err, errEgress) || errors.Is(err, errTooLong) || errors.Is(err, errNoPicture)
}

// resultLost: the vendor worked and will bill, and we have no picture.
func resultLost(ctx context.Context, err error) *provider.Failure {
	f := &provider.Failure{Outcome: task.Unknown, Class: task.ClassNetwork, Err: fmt.Errorf("fetch result: %w", err)}
	var status errStatus
	switch {
	case errors.Is(err, errEgress):
		f.Class, f.Code = task.ClassTransient, "result_host_refused"
	case errors.As(err, &status) && permanent(err):
		f.Class, f.Code = task.ClassTransient, "result_expired"
	case errors.Is(err, errTooLong):
		f.Class, f.Code = task.ClassTransient, "result_too_long"
	case errors.Is(err, errNoPicture):
		f.Class, f.Code = task.ClassTransient, "result_unusable"
	case ctx.Err() != nil, errors.Is(err, context.DeadlineExceeded):
		f.Class = task.ClassTimeout
	}
	return f
}

// graced ends with ctx, but not before grace has passed.
func graced(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	out, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		t := time.AfterFunc(grace, cancel)
		context.AfterFunc(out, func() { t.Stop() })
	})
	return out, func() { stop(); cancel() }
}
