package load

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/tus/tusd/v2/pkg/filestore"
	"github.com/tus/tusd/v2/pkg/handler"
	"github.com/tus/tusd/v2/pkg/memorylocker"
	"golang.org/x/exp/slog"
)

// sink runs a Sink.
type sink struct {
	job    Sink
	listen net.Listener
	server *http.Server
}

func (s *sink) prepare(ctx context.Context) (err error) {
	var h http.Handler = http.HandlerFunc(s.put)
	if s.job.Tusd {
		if h, err = s.tusd(); err != nil {
			return err
		}
	}
	if s.listen, err = new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
		return err
	}
	s.server = &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	go func() { _ = s.server.Serve(s.listen) }()
	return nil
}

func (s *sink) addr() string { return s.listen.Addr().String() }

func (s *sink) close() {
	if s.server != nil {
		_ = s.server.Close()
	}
}

// run has nothing to measure: nobody says go to a sink.
func (s *sink) run(context.Context) (Result, error) { return Result{}, nil }

// put is the least that keeps a body whole: a temporary file, and a rename.
func (s *sink) put(w http.ResponseWriter, r *http.Request) {
	err := s.keep(filepath.Base(r.URL.Path), r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusOK)
}

func (s *sink) keep(name string, body io.Reader) error {
	f, err := os.CreateTemp(s.job.Dir, ".tmp-")
	if err != nil {
		return err
	}
	_, err = io.Copy(f, body)
	if err == nil && s.job.Sync {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), filepath.Join(s.job.Dir, name))
}

// tusd is the library's own handler and stores, as its documentation shows.
func (s *sink) tusd() (http.Handler, error) {
	parts := handler.NewStoreComposer()
	filestore.New(s.job.Dir).UseIn(parts)
	memorylocker.New().UseIn(parts)
	h, err := handler.NewHandler(handler.Config{BasePath: "/files/", StoreComposer: parts, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		return nil, err
	}
	return http.StripPrefix("/files/", h), nil
}
