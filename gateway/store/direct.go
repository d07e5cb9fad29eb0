package store

import (
	"strings"
	"time"
)

// CacheControl goes with objects that are served from elsewhere: a key is
// written once, and a picture that was removed must not live on for long. It
// holds no space, which not all signers write the same way in a query.
const CacheControl = "max-age=3600,immutable"

// Direct is what a driver offers besides Driver when clients and workers can
// reach its objects themselves. The bytes then never pass a gateway: every
// URL that Store mints is the driver's.
type Direct interface {
	// GetURL allows reading one object until a moment.
	GetURL(key string, until time.Time) (string, error)
	// PutURL allows writing one object of one content type until a moment.
	PutURL(key, contentType string, until time.Time) (string, error)
	// UploadURL is the same for a client, who is told the headers that it
	// must send. The size is held to where the driver can; who takes the
	// object checks it in any case.
	UploadURL(key, contentType string, size int64, until time.Time) (url string, headers map[string]string, err error)
	// Path is the object's path at a CDN that draws from the driver.
	Path(key string) string
	// ResultsPath is where all results lie there, those of one session when
	// it is given. It ends in '/'.
	ResultsPath(session string) string
}

// cdn is what gateway/store/cdn gives.
type cdn interface {
	URL(path string, until time.Time) string
	Address(path string) string // without a signature
}

// Direct reports whether clients write objects without a gateway, which means
// that nobody has checked their size yet.
func (s *Store) Direct() bool { return s.direct != nil }

// directGet sends readers of results to the CDN. Photos of people are read
// once or twice and do not belong in its caches.
func (s *Store) directGet(key string, until time.Time) string {
	if _, rest, _ := strings.Cut(key, "/"); s.cdn != nil && strings.HasPrefix(rest, resultsPrefix) {
		return s.cdn.URL(s.direct.Path(key), until)
	}
	return s.minted(s.direct.GetURL(key, until))
}

// resultsPrefix is where results are within a session.
const resultsPrefix = "tasks/"

// minted gives a URL, or none: signing fails only without credentials, and
// the object can be asked for again.
func (s *Store) minted(url string, err error) string {
	if err != nil {
		s.log.Error("URL could not be signed", "err", err)
	}
	return url
}
