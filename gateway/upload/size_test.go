package upload

import (
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// With a bucket the bytes come past every gateway, and no one has counted
// them before the upload is completed.
func TestBytesThatNobodyCountedAreCountedAtCompletion(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	up := f.create(t, "12345")
	for body, want := range map[string]fault.Code{"1234": fault.UploadSizeMismatch, "123456": fault.UploadTooLarge} {
		if _, err := f.store.Put(t.Context(), up.RawKey, strings.NewReader(body), 100); err != nil {
			t.Fatal(err)
		}
		_, err := f.Complete(t.Context(), f.id, up.ID)
		wantCode(t, err, want.Kind(), want)
		if _, err := f.store.Stat(t.Context(), up.RawKey); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%d bytes are still there: %v", len(body), err)
		}
	}
	if f.judge.calls.Load() != 0 {
		t.Error("a worker was troubled with them")
	}
	if err := f.send(t, up, strings.NewReader("12345"), 5); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Complete(t.Context(), f.id, up.ID); err != nil {
		t.Errorf("the right bytes: %v", err)
	}
}
