package e2e_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/client"
)

type problem = client.Problem

// readProblem wants a problem document with all that the contract promises.
func readProblem(t *testing.T, resp *http.Response) problem {
	t.Helper()
	var p problem
	if err := json.NewDecoder(resp.Body).Decode(&p); err != nil {
		t.Errorf("%s %s answered %d without a problem document: %v", resp.Request.Method, resp.Request.URL.Path, resp.StatusCode, err)
	}
	if p.Status != resp.StatusCode || p.Code == "" || p.Detail == "" || p.RequestID == "" || p.RequestID != resp.Header.Get("X-Request-Id") {
		t.Errorf("%s %s: problem = %+v", resp.Request.Method, resp.Request.URL.Path, p)
	}
	if s := resp.Header.Get("Retry-After"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Errorf("Retry-After is %q", s)
		}
		p.RetryAfter = time.Duration(n) * time.Second
	}
	if resp.StatusCode == http.StatusUnauthorized && resp.Header.Get("WWW-Authenticate") == "" {
		t.Error("401 without WWW-Authenticate")
	}
	return p
}
