package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"strconv"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/deploy/e2e/photo"
	"github.com/imgfleet/imgfleet/pkg/client"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const taskPatience = 60 * time.Second

// person is somebody with a session and a photo, at the first gateway.
type person struct {
	*client.Session
	api    *client.Client
	photo  []byte
	upload client.Upload
}

func newPerson(t *testing.T, d *dev, seed uint64) *person {
	t.Helper()
	p := &person{api: d.api(t, 0)}
	var err error
	if p.Session, err = p.api.NewSession(t.Context()); err != nil {
		t.Fatal(err)
	}
	if p.photo, err = photo.JPEG(seed, 1200, 900, photo.Rotated); err != nil {
		t.Fatal(err)
	}
	if p.upload, err = p.Upload(t.Context(), "image/jpeg", p.photo); err != nil {
		t.Fatal(err)
	}
	return p
}

// wish is a task of this person; the seed makes it one of its kind.
func (p *person) wish(seed int64) client.NewTask {
	return client.NewTask{UploadID: p.upload.UploadID, Style: styleID, Place: placeID, Options: &task.Options{Seed: &seed}}
}

func (p *person) submit(t *testing.T, seed int64) client.Task {
	t.Helper()
	got, err := p.Submit(t.Context(), p.wish(seed))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// finish waits for the end of a task.
func (p *person) finish(t *testing.T, id task.ID) client.Task {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), taskPatience)
	defer cancel()
	got, err := p.Wait(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// fetch gets a file that a document names.
func (p *person) fetch(t *testing.T, url string) []byte {
	t.Helper()
	data, kind, err := p.api.Fetch(t.Context(), url, 64<<20)
	if err != nil || kind != "image/jpeg" {
		t.Fatalf("%s: %q, %v", url, kind, err)
	}
	return data
}

func decode(t *testing.T, data []byte) image.Image {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// follow reads a stream after an id until the end, or until stop says so.
func follow(ctx context.Context, s *client.Session, id task.ID, after uint64, stop func(client.Event) bool) (got []client.Event, err error) {
	ctx, cancel := context.WithTimeout(ctx, taskPatience)
	defer cancel()
	from := ""
	if after > 0 {
		from = strconv.FormatUint(after, 10)
	}
	st, err := s.Stream(ctx, id, from)
	if err != nil {
		return nil, err
	}
	defer st.Close()
	for {
		e, err := st.Next()
		if err != nil {
			return got, err
		}
		got = append(got, e)
		if stop(e) {
			return got, nil
		}
	}
}

func atTheEnd(e client.Event) bool { return e.Terminal() }
func atOnce(client.Event) bool     { return true }

// sequence writes events as "1 snapshot, 2 progress".
func sequence(es []client.Event) string {
	var b bytes.Buffer
	for i, e := range es {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s %s", e.ID, e.Name)
	}
	return b.String()
}

// unbroken checks that ids count up by one after the given one.
func unbroken(t *testing.T, after uint64, es []client.Event) {
	t.Helper()
	for _, e := range es {
		if e.Version() != after+1 {
			t.Errorf("event %s %s follows %d: %s", e.ID, e.Name, after, sequence(es))
		}
		after = e.Version()
	}
}
