package generate

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestAWorkerOfAFleetFetchesNothingFromItsOwnMachine(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("photo")) }))
	defer s.Close()
	_, port, _ := strings.Cut(strings.TrimPrefix(s.URL, "http://"), ":")
	for _, host := range []string{"127.0.0.1", "localhost", "0.0.0.0", "[::ffff:127.0.0.1]"} {
		url := "http://" + host + ":" + port
		if _, err := newObjects(true).get(t.Context(), url, 10); err == nil || !strings.Contains(err.Error(), errOwn.Error()) {
			t.Errorf("get %s: %v", host, err)
		}
		if err := newObjects(true).put(t.Context(), url, "image/jpeg", []byte("x")); err == nil {
			t.Errorf("put %s", host)
		}
	}
	if _, err := newObjects(false).get(t.Context(), s.URL, 10); err != nil {
		t.Errorf("a worker beside its gateway: %v", err)
	}
}
