package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/store"
	"github.com/imgfleet/imgfleet/gateway/store/cdn"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// bucket signs URLs of its own; nothing here asks it for objects.
type bucket struct {
	store.Driver
}

func (bucket) GetURL(key string, _ time.Time) (string, error) {
	return "https://bucket/" + key + "?get", nil
}

func (bucket) PutURL(key, contentType string, _ time.Time) (string, error) {
	return fmt.Sprintf("https://bucket/%s?put=%s", key, contentType), nil
}

func (bucket) UploadURL(key, contentType string, size int64, _ time.Time) (string, map[string]string, error) {
	return fmt.Sprintf("https://bucket/%s?put=%s&n=%d", key, contentType, size), map[string]string{"x-days": "2"}, nil
}

func (bucket) Path(key string) string            { return "/in/" + key }
func (bucket) ResultsPath(session string) string { return "/in/" + session }

func TestADirectDriverIsReachedWithoutAGateway(t *testing.T) {
	t.Parallel()
	s, err := store.New(config(), store.Deps{Driver: bucket{}, Keys: ring{"secret"}})
	if err != nil {
		t.Fatal(err)
	}
	key, until := task.NewID()+"/tasks/x/1.jpg", time.Now().Add(time.Hour)
	upload, headers := s.UploadURL(key, "image/png", 7, until)
	for _, is := range []struct{ got, want string }{
		{s.URL(key, until), "https://bucket/" + key + "?get"},
		{s.WorkerGetURL(key, until), "https://bucket/" + key + "?get"},
		{upload, "https://bucket/" + key + "?put=image/png&n=7"},
		{s.WorkerPutURL(key, "image/jpeg", 100, until), "https://bucket/" + key + "?put=image/jpeg"}, // a bound is no size
		{headers["x-days"], "2"},
	} {
		if is.got != is.want {
			t.Errorf("%s, want %s", is.got, is.want)
		}
	}
	if !s.Direct() || open(t, config()).Direct() {
		t.Error("who is direct is not told")
	}
}

func TestOnlyResultsComeFromTheCDN(t *testing.T) {
	t.Parallel()
	c, err := cdn.New(cdn.Config{BaseURL: "https://cdn.example.com", SigningKey: secret.New("abcdef123456"), Validity: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.New(config(), store.Deps{Driver: bucket{}, CDN: c, Keys: ring{"secret"}})
	if err != nil {
		t.Fatal(err)
	}
	session, until := task.NewID(), time.Now().Add(time.Hour)
	result, photo := session+"/tasks/x/1.jpg", session+"/uploads/x/photo.jpg"
	if got, want := s.URL(result, until), c.URL("/in/"+result, until); got != want {
		t.Errorf("result: %s, want %s", got, want)
	}
	if got, want := s.URL(photo, until), "https://bucket/"+photo+"?get"; got != want {
		t.Errorf("photo: %s, want %s", got, want)
	}
	if got, want := s.WorkerGetURL(result, until), "https://bucket/"+result+"?get"; got != want {
		t.Errorf("worker: %s, want %s", got, want)
	}
}
