package upload

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine"
	"github.com/imgfleet/imgfleet/gateway/engine/enginetest"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

func TestARemovalIsHeardOnOtherGateways(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	other := f.gateway(t, Defaults())
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- other.Run(ctx) }()
	enginetest.Await(t, "it is sighted", other.removals.Sighted)
	up := f.ready1(t, "12345")
	if _, err := other.Get(t.Context(), f.id, up.ID); err != nil {
		t.Fatal(err)
	}
	if n, err := f.Remove(t.Context(), f.id, up.ID); n != 1 || err != nil {
		t.Errorf("removed %d objects, err %v", n, err)
	}
	deadline := time.Now().Add(5 * time.Second)
	for time.Now().Before(deadline) {
		if _, err := other.Get(t.Context(), f.id, up.ID); err != nil {
			break
		}
		time.Sleep(time.Millisecond) //nolint:forbidigo // the memory announces nothing
	}
	_, err := other.Get(t.Context(), f.id, up.ID)
	wantCode(t, err, fault.NotFound, "upload_not_found")
	_, err = f.Remove(t.Context(), f.id, up.ID)
	wantCode(t, err, fault.NotFound, "upload_not_found")
	stop()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Run ended with %v", err)
	}
}

func TestACutShortRemovalIsFinished(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	up := f.ready1(t, "12345")
	if err := f.bucket.Delete(t.Context(), uploadKey(f.id, up.ID), engine.AnyRevision); err != nil {
		t.Fatal(err) // the mark is set, then the gateway dies
	}
	if n, err := f.Remove(t.Context(), f.id, up.ID); n != 1 || err != nil {
		t.Errorf("removed %d objects, err %v", n, err)
	}
}

func TestRemoveAllLeavesNothing(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	f.ready1(t, "12345")
	f.ready1(t, "123456")
	f.create(t, "1")
	if all, err := f.List(t.Context(), f.id); err != nil || len(all) != 3 || all[0].Size != 1 {
		t.Errorf("list = %+v, err = %v", all, err)
	}
	if ups, objects, err := f.RemoveAll(t.Context(), f.id); ups != 3 || objects != 2 || err != nil {
		t.Errorf("removed %d uploads, %d objects, err %v", ups, objects, err)
	}
	if all, err := f.List(t.Context(), f.id); err != nil || len(all) != 0 {
		t.Errorf("list = %+v, err = %v", all, err)
	}
	for e, err := range f.bucket.Entries(t.Context(), string(f.id)+".>") {
		if err != nil || !strings.Contains(e.Key, ".gone.") {
			t.Errorf("left: %s, %v", e.Key, err)
		}
	}
}
