package tus

import (
	"net/http"
	"strings"
	"time"
)

// recorder is tusd's view of the connection. It keeps the answer; time limits
// are the listener's own affair, and a stale request is interrupted by its
// visit.
type recorder struct {
	header http.Header
	status int
	body   []byte
}

// Header is the answer's.
func (w *recorder) Header() http.Header { return w.header }

// WriteHeader keeps the first final status.
func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK {
		w.status = status
	}
}

// Write keeps tusd's sentence, which begins with its code.
func (w *recorder) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	w.body = append(w.body, p...)
	return len(p), nil
}

// SetReadDeadline leaves that to the listener.
func (w *recorder) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline leaves that to the listener.
func (w *recorder) SetWriteDeadline(time.Time) error { return nil }

// code is the code of tusd's refusal.
func (w *recorder) code() string {
	code, _, _ := strings.Cut(string(w.body), ":")
	return code
}
