package upload

import (
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/telemetry"
)

func TestAWorkerLearnsForWhichRequestItJudges(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	up := f.create(t, "a photo")
	if err := f.send(t, up, strings.NewReader("a photo"), 7); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Complete(telemetry.WithRequest(t.Context(), "request-of-a-photo"), f.id, up.ID); err != nil {
		t.Fatal(err)
	}
	if got := f.judge.last.Load(); got != "request-of-a-photo" {
		t.Errorf("the worker was told %q", got)
	}
}
