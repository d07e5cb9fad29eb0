package generate

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/workerrpc"
)

// Whoever has the id of a request finds what a worker did for it.
func TestTheLogOfAWorkerNamesTheRequest(t *testing.T) {
	t.Parallel()
	var said bytes.Buffer
	b := setUp(t, func(_ *Config, p *Parts) { p.Logger = slog.New(slog.NewTextHandler(&said, nil)) })
	a := b.attempt(1)
	a.RequestID = "request-of-a-picture"
	if _, _, err := b.generate(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if err := b.worker.Drain(t.Context()); err != nil { // it has said what it had to say
		t.Fatal(err)
	}
	_, err := b.worker.Inspect(t.Context(), workerrpc.InspectRequest{RawURL: b.shelf.URL + "/nothing", RequestID: "request-of-a-photo"})
	if err == nil {
		t.Fatal("a photo that is not there was taken")
	}
	for _, want := range []string{
		`msg="attempt ended"`, "request_id=request-of-a-picture", "vendor_request_id=r-1", `msg="photo not taken" request_id=request-of-a-photo code=upload_not_found`,
	} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("no %q in\n%s", want, said.String())
		}
	}
}
