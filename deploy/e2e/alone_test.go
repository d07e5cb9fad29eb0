package e2e_test

import (
	"os"
	"strings"
	"testing"
)

// alone is for tests that judge how long the product takes to answer or to come
// back. Beside hundreds of others they would judge the machine: deploy/test.sh
// runs them after all the rest, with TEST_ALONE=1, by their prefix TestTimed.
func alone(t *testing.T) {
	t.Helper()
	if !strings.HasPrefix(t.Name(), "TestTimed") {
		t.Fatal("its name must begin with TestTimed")
	}
	if os.Getenv("TEST_ALONE") == "" {
		t.Skip("it judges times: run it by itself with TEST_ALONE=1")
	}
}
