package store

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/gateway/keys"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

const (
	filesPath   = "/files/"
	urlPurpose  = "files"
	methodGet   = "GET"
	methodHead  = "HEAD"
	methodPut   = "PUT"
	queryExpiry = "e"
	queryType   = "t"
	querySize   = "n"
	queryMax    = "m"
	queryMAC    = "s"
)

// Grant is what a good signed URL allows.
type Grant struct {
	Key         string
	ContentType string // that a PUT must declare; "" does not ask
	Size        int64  // exactly that many bytes, when > 0
	MaxBytes    int64  // at most that many bytes, when > 0

	Until time.Time // when the URL ends; what Verify read
}

// signer is what gateway/keys gives.
type signer interface {
	Sign(purpose string, msg []byte) []byte
	Verify(ctx context.Context, purpose string, msg, mac []byte) (bool, error)
}

// URL is where a client reads an object: relative, unless a public URL is
// configured.
func (s *Store) URL(key string, until time.Time) string {
	if s.direct != nil {
		return s.directGet(key, until)
	}
	return s.sign(s.config.PublicURL, methodGet, Grant{Key: key}, until)
}

// UploadURL is where a client puts exactly size bytes of one type, and the
// headers that must come with them.
func (s *Store) UploadURL(key, contentType string, size int64, until time.Time) (url string, headers map[string]string) {
	if s.direct != nil {
		url, headers, err := s.direct.UploadURL(key, contentType, size, until)
		return s.minted(url, err), headers
	}
	return s.sign(s.config.PublicURL, methodPut, Grant{Key: key, ContentType: contentType, Size: size}, until), map[string]string{"Content-Type": contentType}
}

// WorkerGetURL is where a worker reads an object.
func (s *Store) WorkerGetURL(key string, until time.Time) string {
	if s.direct != nil {
		return s.minted(s.direct.GetURL(key, until))
	}
	return s.sign(s.config.InternalURL, methodGet, Grant{Key: key}, until)
}

// WorkerPutURL is where a worker puts at most maxBytes of one type.
func (s *Store) WorkerPutURL(key, contentType string, maxBytes int64, until time.Time) string {
	if s.direct != nil {
		return s.minted(s.direct.PutURL(key, contentType, until))
	}
	return s.sign(s.config.InternalURL, methodPut, Grant{Key: key, ContentType: contentType, MaxBytes: maxBytes}, until)
}

func (s *Store) sign(base, method string, g Grant, until time.Time) string {
	expiry := until.Unix()
	mac := s.keys.Sign(urlPurpose, message(make([]byte, 0, 256), method, g, expiry))
	b := make([]byte, 0, len(base)+len(g.Key)+96)
	b = append(append(append(b, strings.TrimSuffix(base, "/")...), filesPath...), g.Key...)
	b = strconv.AppendInt(append(b, "?"+queryExpiry+"="...), expiry, 10)
	if g.ContentType != "" {
		b = append(append(b, "&"+queryType+"="...), url.QueryEscape(g.ContentType)...)
	}
	if g.Size > 0 {
		b = strconv.AppendInt(append(b, "&"+querySize+"="...), g.Size, 10)
	}
	if g.MaxBytes > 0 {
		b = strconv.AppendInt(append(b, "&"+queryMax+"="...), g.MaxBytes, 10)
	}
	b = base64.RawURLEncoding.AppendEncode(append(b, "&"+queryMAC+"="...), mac)
	return string(b)
}

// message is what the MAC covers: everything the URL says, and the method
// that it does not.
func message(b []byte, method string, g Grant, expiry int64) []byte {
	b = append(append(b, method...), '\n')
	b = append(append(b, g.Key...), '\n')
	b = append(strconv.AppendInt(b, expiry, 10), '\n')
	b = append(append(b, g.ContentType...), '\n')
	b = append(strconv.AppendInt(b, g.Size, 10), '\n')
	return strconv.AppendInt(b, g.MaxBytes, 10)
}

// Verify checks the query of a signed URL for a method and key, and says what
// it allows. A HEAD needs what a GET needs. A query that was made up or
// changed is fault.SignatureInvalid; one past its time
// fault.SignatureExpired.
func (s *Store) Verify(ctx context.Context, method, key string, q url.Values, now time.Time) (Grant, error) {
	if method == methodHead {
		method = methodGet
	}
	g, expiry, mac, err := parseQuery(key, q)
	if err != nil {
		return Grant{}, fault.Wrap(fault.SignatureInvalid, err)
	}
	good := ValidKey(key)
	if good {
		if good, err = s.keys.Verify(ctx, urlPurpose, message(make([]byte, 0, 256), method, g, expiry), mac); err != nil {
			return Grant{}, fmt.Errorf("check signature: %w", err)
		}
	}
	if !good {
		return Grant{}, fault.New(fault.SignatureInvalid)
	}
	if now.Unix() >= expiry {
		return Grant{}, fault.New(fault.SignatureExpired)
	}
	g.Until = time.Unix(expiry, 0)
	return g, nil
}

var errQuery = errors.New("query is not one of ours")

func parseQuery(key string, q url.Values) (g Grant, expiry int64, mac []byte, err error) {
	g = Grant{Key: key, ContentType: q.Get(queryType)}
	if expiry, err = parseNumber(q.Get(queryExpiry)); err != nil {
		return g, 0, nil, err
	}
	if q.Has(querySize) {
		if g.Size, err = parseNumber(q.Get(querySize)); err != nil {
			return g, 0, nil, err
		}
	}
	if q.Has(queryMax) {
		if g.MaxBytes, err = parseNumber(q.Get(queryMax)); err != nil {
			return g, 0, nil, err
		}
	}
	mac, err = keys.Decode(q.Get(queryMAC))
	return g, expiry, mac, err
}

// parseNumber accepts the one way we write a positive number, so that no two
// queries mean the same.
func parseNumber(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 || strconv.FormatInt(n, 10) != s {
		return 0, errQuery
	}
	return n, nil
}
