package obs

import (
	"context"
	"strconv"
	"time"

	sdk "github.com/huaweicloud/huaweicloud-sdk-go-obs/obs"

	"github.com/imgfleet/imgfleet/gateway/store"
)

// maxURLAge is the longest time that signature V4 knows.
const maxURLAge = 7 * day

// GetURL signs a read.
func (b *Bucket) GetURL(key string, until time.Time) (string, error) {
	return b.sign(sdk.CreateSignedUrlInput{
		Method: sdk.HttpMethodGet, Key: name(key), QueryParams: map[string]string{"response-cache-control": store.CacheControl},
	}, until)
}

// PutURL signs a write of one content type. Where the signature can hold it,
// of one size too: OBS's own cannot.
func (b *Bucket) PutURL(key, contentType string, size int64, until time.Time) (string, error) {
	headers := map[string]string{"Content-Type": contentType}
	if size > 0 && b.config.Signature == SignatureV4 {
		headers["Content-Length"] = strconv.FormatInt(size, 10)
	}
	return b.sign(sdk.CreateSignedUrlInput{Method: sdk.HttpMethodPut, Key: name(key), Headers: headers}, until)
}

// Path is where an object lies for a CDN that draws from the bucket.
func (b *Bucket) Path(key string) string { return "/" + name(key) }

// ResultsPath is where results lie for the same CDN.
func (b *Bucket) ResultsPath(session string) string {
	if session == "" {
		return "/" + resultsRoot
	}
	return "/" + resultsRoot + session + "/"
}

func (b *Bucket) sign(in sdk.CreateSignedUrlInput, until time.Time) (string, error) {
	client, err := b.client(context.Background())
	if err != nil {
		return "", err
	}
	in.Bucket = b.config.Bucket
	in.Expires = int(min(max(time.Until(until), time.Second), maxURLAge) / time.Second) // never zero: the SDK would take its own default
	out, err := client.CreateSignedUrl(&in)
	if err != nil {
		return "", err
	}
	return out.SignedUrl, nil
}
