package obs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

const (
	// metadataURL is where a machine in Huawei Cloud asks for the temporary
	// keys of its agency; the address leads no further than the machine.
	metadataURL = "http://169.254.169.254/openstack/latest/securitykey"

	renewAhead   = 5 * time.Minute  // before keys end
	renewAgain   = 10 * time.Second // after a renewal that failed
	renewTimeout = 5 * time.Second
	maxKeys      = 64 << 10 // of an answer; a token has a few thousand bytes
)

// keys sign requests. Static ones have no end.
type keys struct {
	access, secret, token string
	until                 time.Time
}

// agency keeps the machine's temporary keys fresh. The SDK's own provider
// does not serve: when a renewal fails, it signs with no keys at all for five
// minutes, although the old ones were good.
type agency struct {
	url  string
	http *http.Client
	log  *slog.Logger
	now  func() time.Time

	renewing chan struct{} // full while somebody asks the machine

	mu    sync.Mutex
	last  keys
	tried time.Time
	asked int   // how often
	err   error // of the last time
}

func newAgency(url string, log *slog.Logger) *agency {
	return &agency{url: url, log: log, now: time.Now, renewing: make(chan struct{}, 1), http: &http.Client{
		Timeout:       renewTimeout,
		Transport:     &http.Transport{DialContext: (&net.Dialer{Timeout: renewTimeout}).DialContext, DisableKeepAlives: true}, // and no proxy
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// keys are good now. While they are, a renewal makes nobody wait but who asks
// for it; when they are not, all wait for one answer.
func (a *agency) keys(ctx context.Context) (keys, error) {
	before, _ := a.outcome()
	k, good, due := a.state()
	if good && !due {
		return k, nil
	}
	select {
	case a.renewing <- struct{}{}:
	default:
		if good {
			return k, nil
		}
		select {
		case a.renewing <- struct{}{}:
		case <-ctx.Done():
			return keys{}, context.Cause(ctx)
		}
	}
	defer func() { <-a.renewing }()
	if k, good, due = a.state(); good && !due { // somebody else was faster
		return k, nil
	}
	if now, err := a.outcome(); err != nil && !good && now != before { // so it was, and in vain
		return keys{}, err
	}
	return a.renew(ctx, k, good)
}

// renew asks the machine, also for those who wait behind a caller that goes
// away.
func (a *agency) renew(ctx context.Context, k keys, good bool) (keys, error) {
	fresh, err := a.ask(context.WithoutCancel(ctx))
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tried, a.err = a.now(), nil
	a.asked++
	switch {
	case err == nil:
		a.last = fresh
		return fresh, nil
	case good:
		a.log.Warn("temporary keys could not be renewed; the old ones are still good", "until", k.until, "err", err)
		return k, nil
	default:
		a.err = fault.Wrap(fault.StorageUnavailable, fmt.Errorf("temporary keys: %w", err)).After(renewTimeout)
		return keys{}, a.err
	}
}

// outcome is how often the machine was asked, and what came of the last time.
func (a *agency) outcome() (asked int, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.asked, a.err
}

// state is what there is: whether it can be used, and whether it should be
// renewed.
func (a *agency) state() (k keys, good, due bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	return a.last, now.Before(a.last.until), now.Add(renewAhead).After(a.last.until) && now.Sub(a.tried) >= renewAgain
}

func (a *agency) ask(ctx context.Context) (keys, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url, http.NoBody)
	if err != nil {
		return keys{}, err
	}
	resp, err := a.http.Do(req)
	if err != nil {
		return keys{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return keys{}, fmt.Errorf("the machine answers %d", resp.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxKeys+1))
	if err != nil {
		return keys{}, err
	}
	k, err := readKeys(data)
	if err == nil && !a.now().Before(k.until) {
		err = errors.New("the machine's keys have ended")
	}
	return k, err
}

// readKeys never says what it has read: it is secret.
func readKeys(data []byte) (keys, error) {
	var in struct {
		Credential struct {
			Access  string    `json:"access"`
			Secret  string    `json:"secret"`
			Token   string    `json:"securitytoken"`
			Expires time.Time `json:"expires_at"`
		} `json:"credential"`
	}
	if len(data) > maxKeys || json.Unmarshal(data, &in) != nil {
		return keys{}, errors.New("the machine's answer cannot be read")
	}
	c := in.Credential
	if c.Access == "" || c.Secret == "" || c.Token == "" || c.Expires.IsZero() {
		return keys{}, errors.New("the machine has no agency, or one without keys")
	}
	return keys{access: c.Access, secret: c.Secret, token: c.Token, until: c.Expires}, nil
}
