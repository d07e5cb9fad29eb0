package upload

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/gateway/engine/enginetest"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

func TestEveryGatewayKnowsWhichPhotosAreTooMuch(t *testing.T) {
	t.Parallel()
	const demandingOne, unlucky = "aa11", "bb22"
	a := open(t, nil)
	b := openOn(t, a.engine, nil)
	for _, f := range []*fixture{a, b} {
		f.run(t)
		enginetest.Await(t, "it is sighted", f.demanding.lost.Sighted)
	}
	if err := a.demanding.note(t.Context(), fault.New(fault.PhotoTooDemanding).With(fault.ParamSHA256, demandingOne)); fault.CodeOf(err) != fault.PhotoTooDemanding {
		t.Error(err)
	}
	lost := fault.New(fault.WorkerBusy).With(fault.ParamSHA256, unlucky)
	if err := a.demanding.note(t.Context(), lost); fault.CodeOf(err) != fault.WorkerBusy {
		t.Errorf("after one decoder: %v", err)
	}
	enginetest.Await(t, "both are known elsewhere", func() bool {
		_, known := b.demanding.lost.Get(unlucky)
		return known && b.demanding.known(strings.ToUpper(demandingOne))
	})
	if b.demanding.known(unlucky) || len(b.demanding.list()) != 1 {
		t.Errorf("refused after one decoder: %v", b.demanding.list())
	}
	if err := b.demanding.note(t.Context(), lost); fault.CodeOf(err) != fault.PhotoTooDemanding {
		t.Errorf("after two decoders: %v", err)
	}
}

// Where the client says what it sends, nobody is asked.
func TestADemandingPhotoIsRefusedWithoutAWorker(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	f.run(t)
	enginetest.Await(t, "it is sighted", f.demanding.lost.Sighted)
	f.judge.err = fault.New(fault.PhotoTooDemanding).With(fault.ParamSHA256, sha("photo"))
	for range 2 {
		up := f.declared(t, "photo")
		if _, err := f.Complete(t.Context(), f.id, up.ID); fault.CodeOf(err) != fault.PhotoTooDemanding {
			t.Fatal(err)
		}
	}
	if n := f.judge.calls.Load(); n != 1 {
		t.Errorf("judged %d times", n)
	}
}

func sha(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}

// run keeps the mirrors of a gateway until the test ends.
func (f *fixture) run(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = f.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
}

// declared is an upload whose client says what it sends, and has sent it.
func (f *fixture) declared(t *testing.T, body string) Upload {
	t.Helper()
	r := request(body)
	r.SHA256 = sha(body)
	up, _, err := f.Create(t.Context(), f.id, r)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.send(t, up, strings.NewReader(body), int64(len(body))); err != nil {
		t.Fatal(err)
	}
	return up
}
