package obs

import (
	"context"
	"maps"
	"strconv"
	"time"

	sdk "github.com/huaweicloud/huaweicloud-sdk-go-obs/obs"

	"github.com/imgfleet/imgfleet/gateway/store"
)

const (
	maxURLAge = 7 * day // the longest time that signature V4 knows

	contentTypeHeader = "Content-Type"
	expiresHeader     = "x-obs-expires"
)

// GetURL signs a read.
func (b *Bucket) GetURL(key string, until time.Time) (string, error) {
	return b.sign(sdk.CreateSignedUrlInput{
		Method: sdk.HttpMethodGet, Key: name(key), QueryParams: map[string]string{"response-cache-control": store.CacheControl},
	}, until)
}

// PutURL signs a write of one content type.
func (b *Bucket) PutURL(key, contentType string, until time.Time) (string, error) {
	return b.signPut(key, map[string]string{contentTypeHeader: contentType}, until)
}

// UploadURL signs a client's write. OBS's own signature holds when the object
// ends by itself, V4 the size; neither knows the other.
func (b *Bucket) UploadURL(key, contentType string, size int64, until time.Time) (url string, headers map[string]string, err error) {
	headers = map[string]string{contentTypeHeader: contentType}
	if days := b.expires(); days > 0 {
		headers[expiresHeader] = strconv.FormatInt(days, 10)
	}
	signed := maps.Clone(headers)
	if b.config.Signature == SignatureV4 {
		signed["Content-Length"] = strconv.FormatInt(size, 10)
	}
	url, err = b.signPut(key, signed, until)
	return url, headers, err
}

func (b *Bucket) signPut(key string, headers map[string]string, until time.Time) (string, error) {
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
