package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/gateway/store/storetest/s3server"
	"github.com/imgfleet/imgfleet/pkg/client"
)

const bucketName = "pictures"

// With a bucket no picture passes a gateway, and a person who leaves takes
// everything along.
func TestAFleetKeepsItsPicturesInABucket(t *testing.T) {
	t.Parallel()
	s := s3server.Start(t, "../..")
	s.Bucket(t, bucketName)
	d := start(t, t.TempDir(), "--config", config(t, "latency=300ms&steps=4&seed=1", map[string]any{
		"store": map[string]any{"kind": "obs", "obs": map[string]any{
			"endpoint": s.Endpoint, "bucket": bucketName, "accessKey": s3server.AccessKey, "secretKey": s3server.SecretKey,
			"signature": "v4", "pathStyle": true, "region": s3server.Region,
		}},
	}))
	aPhotoBecomesAPicture(t, d)
	aDeletedTaskIsGone(t, d)
	p := newPerson(t, d, 7)
	made := p.submit(t, 1)
	doc := p.finish(t, made.TaskID)
	if doc.Result == nil {
		t.Fatalf("task = %+v", doc)
	}
	for _, url := range []string{p.upload.FileURL, doc.Result.ImageURL, doc.Result.ThumbnailURL} {
		if !strings.HasPrefix(url, s.Endpoint+"/"+bucketName+"/") {
			t.Errorf("%s leads to a gateway", url)
		}
	}
	if _, err := p.Erase(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, name := range s.Objects(t, bucketName) {
		if strings.Contains(name, string(p.ID())) {
			t.Errorf("%s is left of an erased session", name)
		}
	}
	aBodyOfAnotherSizeIsRefused(t, d)
}

func aBodyOfAnotherSizeIsRefused(t *testing.T, d *dev) {
	t.Helper()
	p := newPerson(t, d, 8)
	up, err := p.CreateUpload(t.Context(), client.NewUpload{ContentType: "image/jpeg", Size: 10, Consent: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.api.Put(t.Context(), up, []byte("longer than it was declared")); client.Status(err) != http.StatusForbidden {
		t.Errorf("put: %v, want the bucket to refuse it", err)
	}
	if _, err := p.CompleteUpload(t.Context(), up.UploadID); client.Code(err) != "upload_incomplete" {
		t.Errorf("complete: %v", err)
	}
}
