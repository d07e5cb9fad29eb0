package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/deploy/e2e/photo"
	"github.com/imgfleet/imgfleet/gateway/store/cdn/cdntest"
	"github.com/imgfleet/imgfleet/gateway/store/storetest/s3server"
	"github.com/imgfleet/imgfleet/pkg/client"
)

const bucketName = "pictures"

// bucketOf is the configuration of a store in a bucket of a server.
func bucketOf(s s3server.Server) map[string]any {
	return map[string]any{"kind": "obs", "obs": map[string]any{
		"endpoint": s.Endpoint, "bucket": bucketName, "accessKey": s3server.AccessKey, "secretKey": s3server.SecretKey,
		"signature": "v4", "pathStyle": true, "region": s3server.Region,
	}}
}

// With a bucket no picture passes a gateway, and a person who leaves takes
// everything along.
func TestAFleetKeepsItsPicturesInABucket(t *testing.T) {
	t.Parallel()
	s := s3server.Start(t, "../..")
	s.Bucket(t, bucketName)
	d := start(t, t.TempDir(), "--config", config(t, "latency=300ms&steps=4&seed=1", map[string]any{
		"store": bucketOf(s),
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
	aPhotoInPiecesEndsInTheBucket(t, d, func() []string { return s.Objects(t, bucketName) })
}

func aPhotoInPiecesEndsInTheBucket(t *testing.T, d *dev, objects func() []string) {
	t.Helper()
	s, err := d.api(t, 0).NewSession(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	whole, err := photo.JPEG(9, 1200, 900, photo.Rotated)
	if err != nil {
		t.Fatal(err)
	}
	p := pieces{d.public[0], whole}
	created := p.create(t, s, nil)
	id := created.Get("Upload-Id")
	p.send(t, created.Get("Location"), len(whole)/2)
	raw := "uploads/" + string(s.ID()) + "/" + id + "/raw"
	if slices.Contains(objects(), raw) {
		t.Error("half a photo is in the bucket")
	}
	p.send(t, created.Get("Location"), len(whole))
	if all := objects(); !slices.Contains(all, raw) {
		t.Errorf("the photo is not in the bucket: %q", all)
	}
	if left, err := os.ReadDir(filepath.Join(d.data, "partial")); err != nil || len(left) > 0 {
		t.Errorf("left in the directory: %v, %v", left, err)
	}
	p.complete(t, s, id)
	if slices.Contains(objects(), raw) {
		t.Error("the raw photo stayed when it was judged")
	}
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

// With a CDN in front of the bucket, results are read there, and it is told
// of each that a person deletes.
func TestACDNForgetsWhatIsDeleted(t *testing.T) {
	t.Parallel()
	s, c := s3server.Start(t, "../.."), cdntest.Start(t)
	s.Bucket(t, bucketName)
	const base = "https://pictures.example.com"
	d := start(t, t.TempDir(), "--config", config(t, "latency=50ms&steps=1&seed=1", map[string]any{
		"store": bucketOf(s),
		"cdn": map[string]any{
			"baseUrl": base, "signingKey": "abcdef123456", "endpoint": c.Endpoint,
			"accessKey": cdntest.AccessKey, "secretKey": cdntest.SecretKey, "domainId": cdntest.DomainID,
		},
	}))
	p := newPerson(t, d, 9)
	var pictures []string
	for seed := range int64(2) {
		made := p.submit(t, seed)
		doc := p.finish(t, made.TaskID)
		if doc.Result == nil {
			t.Fatalf("task = %+v", doc)
		}
		for _, url := range []string{doc.Result.ImageURL, doc.Result.ThumbnailURL} {
			address, query, _ := strings.Cut(url, "?")
			if !strings.HasPrefix(address, base+"/results/") || !strings.HasPrefix(query, "auth_key=") {
				t.Errorf("%s does not lead to the CDN", url)
			}
			pictures = append(pictures, address)
		}
		if seed == 0 {
			if r, err := p.Delete(t.Context(), made.TaskID); err != nil || r.CDNPending != 2 {
				t.Fatalf("receipt = %+v, err = %v", r, err)
			}
		}
	}
	if r, err := p.Erase(t.Context()); err != nil || r.CDNPending != 2 {
		t.Fatalf("receipt = %+v, err = %v", r, err)
	}
	d.must(t, "cache", "purge", "--all", "--cdn", "--yes")
	slices.Sort(pictures)
	if err := within(time.Minute, func() error {
		if got := c.URLs("file"); !slices.Equal(got, pictures) {
			return fmt.Errorf("the CDN was told of %v, want %v", got, pictures)
		}
		if got := c.URLs("directory"); !slices.Equal(got, []string{base + "/results/"}) {
			return fmt.Errorf("the CDN was told of %v", got)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}
