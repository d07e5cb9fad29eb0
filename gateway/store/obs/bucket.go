package obs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	sdk "github.com/huaweicloud/huaweicloud-sdk-go-obs/obs"

	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/peer"
)

const (
	// A request waits for what is asked here, and is answered within 5 s.
	dialTimeout   = 2 * time.Second
	headerTimeout = 3 * time.Second
	idleTimeout   = 90 * time.Second
	idleConns     = 256
)

// Bucket is a store driver over one bucket. It also signs the URLs under
// which clients and workers reach the bucket themselves.
type Bucket struct {
	config    Config
	transport *http.Transport
	http      *http.Client
	agency    *agency // nil with static keys
	log       *slog.Logger
}

// Open finds the bucket and gives it the rules that it should have. A bucket
// that cannot be reached is an error: nothing could be accepted.
func Open(ctx context.Context, c Config, log *slog.Logger) (*Bucket, error) {
	log = cmp.Or(log, slog.New(slog.DiscardHandler))
	var machine *agency
	if c.Credentials == CredentialsECS {
		machine = newAgency(metadataURL, log)
	}
	return open(ctx, c, log, machine, &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           peer.Dialer(dialTimeout).DialContext,
		TLSHandshakeTimeout:   dialTimeout,
		ResponseHeaderTimeout: headerTimeout,
		IdleConnTimeout:       idleTimeout,
		MaxIdleConns:          idleConns,
		MaxIdleConnsPerHost:   idleConns,
		DisableCompression:    true,
	})
}

func open(ctx context.Context, c Config, log *slog.Logger, machine *agency, t *http.Transport) (*Bucket, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	b := &Bucket{config: c, transport: t, agency: machine, log: log}
	b.http = &http.Client{Transport: again{t, retryAfter}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	client, err := b.client(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := client.HeadBucket(c.Bucket, b.dated()); err != nil {
		return nil, fmt.Errorf("find bucket %s: %w", c.Bucket, classify(ctx, err))
	}
	b.rule(client)
	return b, nil
}

// client makes a client for one call. The SDK binds a context to a client and
// not to a call; connections are shared all the same.
func (b *Bucket) client(ctx context.Context) (*sdk.ObsClient, error) {
	signature := sdk.SignatureObs
	if b.config.Signature == SignatureV4 {
		signature = sdk.SignatureV4
	}
	k := keys{access: b.config.AccessKey.Reveal(), secret: b.config.SecretKey.Reveal(), token: b.config.SecurityToken.Reveal()}
	if b.agency != nil {
		var err error
		if k, err = b.agency.keys(ctx); err != nil {
			return nil, err
		}
	}
	c, err := sdk.New(k.access, k.secret, b.config.Endpoint, sdk.WithSecurityToken(k.token),
		sdk.WithSignature(signature), sdk.WithPathStyle(b.config.PathStyle), sdk.WithRegion(b.config.Region),
		sdk.WithHttpTransport(b.transport), sdk.WithHttpClient(b.http), sdk.WithMaxRetryCount(0), sdk.WithRequestContext(ctx))
	if err != nil {
		return nil, fmt.Errorf("object storage client: %w", err)
	}
	return c, nil
}

// dated adds the date header by which every S3-compatible server knows when a
// request was signed; the SDK's own is accepted by some. OBS needs nothing.
func (b *Bucket) dated() any {
	if b.config.Signature == SignatureOBS {
		return nil
	}
	return sdk.WithCustomHeader("x-amz-date", time.Now().UTC().Format(sdk.LONG_DATE_FORMAT))
}

// classify gives the SDK's errors their kind; faults pass.
func classify(ctx context.Context, err error) error {
	var known *fault.Fault
	var answer sdk.ObsError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case errors.Is(ctx.Err(), context.Canceled) && !errors.Is(context.Cause(ctx), errStalled):
		return fault.Wrap(fault.RequestCanceled, errors.Join(context.Cause(ctx), err))
	case errors.As(err, &answer) && answer.StatusCode == http.StatusNotFound && answer.Code != "NoSuchBucket":
		return fault.Wrap(fault.ObjectNotFound, err)
	case errors.As(err, &answer) && isFull(answer):
		return fault.Wrap(fault.StorageFull, err).After(30 * time.Second)
	default:
		return fault.Wrap(fault.StorageUnavailable, err).After(5 * time.Second)
	}
}

// isFull reports whether a bucket, or who pays for it, has no room left. OBS and
// its likes say so with several statuses.
func isFull(answer sdk.ObsError) bool {
	return answer.StatusCode == http.StatusInsufficientStorage || answer.Code == "InsufficientStorageSpace" || answer.Code == "XMinioStorageFull" ||
		strings.HasSuffix(answer.Code, "QuotaExceeded") // also of one bucket
}
