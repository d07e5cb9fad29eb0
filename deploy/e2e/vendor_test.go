package e2e_test

import (
	"bytes"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/provider/double"
	"github.com/imgfleet/imgfleet/worker/provider/seedream/seedreamtest"
)

// The real worker speaks to a vendor that is outside of everything: one call
// is made and one picture paid for, whatever else happens on the way.
func TestAVendorDrawsThePicture(t *testing.T) {
	t.Parallel()
	const key = "ark-e2e-0123456789"
	vendor := seedreamtest.New(double.Knobs{Median: 300 * time.Millisecond, Side: 640}, key)
	server := httptest.NewServer(vendor)
	t.Cleanup(server.Close)
	d := start(t, t.TempDir(), "--config", config(t, "", map[string]any{
		"providers": []map[string]any{
			{"name": "seedream", "kind": "seedream", "baseUrl": server.URL + "/api/v3", "apiKey": key, "priceFen": 20},
			{"name": "mock", "kind": "mock", "weight": 0},
		},
	}))
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
	books := vendor.Books()
	if books.Submissions != 1 || books.Billed != 1 || books.Downloads != 1 || len(books.Violations) > 0 {
		t.Errorf("the vendor's books say %+v", books)
	}
	if seen := d.must(t, "task", "get", string(doc.TaskID), "-o", "json"); !strings.Contains(seen, `"seedream"`) || !strings.Contains(seen, `"priceFen": 20`) {
		t.Errorf("operators see\n%s", seen)
	}
	if strings.Contains(d.log.String(), key) {
		t.Error("the key was logged")
	}
}
