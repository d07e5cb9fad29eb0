package e2e_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/task"
)

// The real worker speaks to a vendor that is outside of everything: one call
// is made and one picture paid for, whatever else happens on the way.
func TestAVendorDrawsThePicture(t *testing.T) {
	t.Parallel()
	d := start(t, t.TempDir(), "--config", config(t, "", nil), "--simulate", "seedream?median=300ms&side=640,mock?weight=0")
	p := newPerson(t, d, 3)
	doc := p.finish(t, p.submit(t, 1).TaskID)
	if doc.State != task.Succeeded || doc.Result == nil || doc.Degraded {
		t.Fatalf("task = %+v", doc)
	}
	picture := p.fetch(t, doc.Result.ImageURL)
	if b := decode(t, picture).Bounds(); max(b.Dx(), b.Dy()) != 640 || b.Dx() >= b.Dy() {
		t.Errorf("the picture is %v, want the vendor's, upright as the photo", b)
	}
	if !bytes.Contains(picture, []byte(labelMark)) {
		t.Error("the picture is not labelled")
	}
	books := d.books(t)["seedream"]
	if books.Submissions != 1 || books.Billed != 1 || books.Downloads != 1 || len(books.Violations) > 0 {
		t.Errorf("the vendor's books say %+v", books)
	}
	if seen := d.must(t, "task", "get", string(doc.TaskID), "-o", "json"); !strings.Contains(seen, `"seedream"`) || !strings.Contains(seen, `"priceFen": 20`) {
		t.Errorf("operators see\n%s", seen)
	}
	d.discreet(t)
}
