package workerrpc

import (
	"log/slog"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	RouteLogs(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}
