package store

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Info describes a stored object.
type Info struct {
	Size    int64
	ModTime time.Time
	ETag    string
}

// Driver keeps objects in one place. Keys were validated by Store. Errors are
// classified: a missing object is fault.NotFound "object_not_found", a full
// place fault.Unavailable "storage_full".
type Driver interface {
	// Put writes the whole of r or nothing, over whatever there is.
	Put(ctx context.Context, key string, r io.Reader) (n int64, err error)
	Open(ctx context.Context, key string) (io.ReadSeekCloser, Info, error)
	Stat(ctx context.Context, key string) (Info, error)
	// Copy makes to the same object as from, sharing its age.
	Copy(ctx context.Context, from, to string) error
	Delete(ctx context.Context, key string) (existed bool, err error)
	// DeletePrefix removes every object whose key begins with prefix, which
	// ends in '/'.
	DeletePrefix(ctx context.Context, prefix string) (n int, err error)
	// Sweep removes objects written before a moment.
	Sweep(ctx context.Context, before time.Time) (n int, err error)
}

// Object is an open object.
type Object struct {
	io.ReadSeekCloser
	Size        int64
	ModTime     time.Time
	ContentType string
	ETag        string
}

// Grant is what a signed URL allows.
type Grant struct {
	Key         string
	ContentType string
	Size        int64 // exact, when > 0
	MaxBytes    int64 // at most, when > 0
}

// Deps are what the store works with.
type Deps struct {
	Driver   Driver
	Keys     signer
	Logger   *slog.Logger
	Registry prometheus.Registerer
	Now      func() time.Time // time.Now when nil
}

// signer is what gateway/keys gives.
type signer interface {
	Sign(purpose string, msg []byte) []byte
	Verify(purpose string, msg, mac []byte) bool
}

// Store is the one way to objects.
type Store struct{}

var errStub = errors.New("store: not open")

// New builds a store.
func New(c Config, d Deps) (*Store, error) { return nil, errStub }

// Put writes an object of at most maxBytes.
func (s *Store) Put(ctx context.Context, key string, r io.Reader, maxBytes int64) (n int64, err error) {
	return 0, errStub
}

// Open opens an object.
func (s *Store) Open(ctx context.Context, key string) (*Object, error) { return nil, errStub }

// Stat describes an object.
func (s *Store) Stat(ctx context.Context, key string) (Info, error) { return Info{}, errStub }

// Copy makes a second object with the same bytes and age.
func (s *Store) Copy(ctx context.Context, from, to string) error { return errStub }

// Delete removes an object.
func (s *Store) Delete(ctx context.Context, key string) (existed bool, err error) {
	return false, errStub
}

// DeletePrefix removes every object under a prefix.
func (s *Store) DeletePrefix(ctx context.Context, prefix string) (n int, err error) {
	return 0, errStub
}

// URL is where a client reads an object.
func (s *Store) URL(key string, until time.Time) string { return "" }

// UploadURL is where a client puts exactly size bytes.
func (s *Store) UploadURL(key, contentType string, size int64, until time.Time) string { return "" }

// WorkerGetURL is where a worker reads an object.
func (s *Store) WorkerGetURL(key string, until time.Time) string { return "" }

// WorkerPutURL is where a worker puts at most maxBytes.
func (s *Store) WorkerPutURL(key, contentType string, maxBytes int64, until time.Time) string {
	return ""
}

// Verify checks a signed URL's query for a method and key.
func (s *Store) Verify(method, key string, q url.Values, now time.Time) (Grant, error) {
	return Grant{}, errStub
}

// Run sweeps old objects until ctx ends.
func (s *Store) Run(ctx context.Context) error { return errStub }
