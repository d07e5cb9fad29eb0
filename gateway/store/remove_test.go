package store_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/store"
	"github.com/imgfleet/imgfleet/gateway/store/cdn"
	"github.com/imgfleet/imgfleet/gateway/store/disk"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// frail is a bucket that keeps objects and fails when it is told to.
type frail struct {
	bucket
	fail error
}

func (f *frail) DeletePrefix(ctx context.Context, prefix string) (int, error) {
	if f.fail != nil {
		return 0, f.fail
	}
	return f.bucket.DeletePrefix(ctx, prefix)
}

// ledger writes down what the CDN is asked.
type ledger struct {
	held, released, beneath []string
	fail                    error
}

func (l *ledger) Hold(_ context.Context, urls []string) ([]string, error) {
	l.held = append(l.held, urls...)
	return urls, l.fail
}

func (l *ledger) Release(_ context.Context, held []string) { l.released = append(l.released, held...) }

func (l *ledger) Directory(_ context.Context, url string) error {
	l.beneath = append(l.beneath, url)
	return nil
}

func withCDN(t *testing.T) (*store.Store, *frail, *ledger) {
	t.Helper()
	d, err := disk.Open(disk.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	c, err := cdn.New(cdn.Config{BaseURL: "https://cdn.example.com", SigningKey: secret.New("abcdef123456"), Validity: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	driver, asked := &frail{bucket: bucket{d}}, new(ledger)
	s, err := store.New(config(), store.Deps{Driver: driver, CDN: c, Refresh: asked, Keys: ring{"secret"}})
	if err != nil {
		t.Fatal(err)
	}
	return s, driver, asked
}

func fill(t *testing.T, s *store.Store) (session string, pictures []string) {
	t.Helper()
	session = task.NewID()
	for _, rest := range []string{"uploads/u/photo.jpg", "tasks/t1/1.jpg", "tasks/t1/1.thumb.jpg", "tasks/t1/1.json", "tasks/t2/1.jpg"} {
		if _, err := s.Put(t.Context(), session+"/"+rest, strings.NewReader("x"), 1); err != nil {
			t.Fatal(err)
		}
	}
	return session, []string{"https://cdn.example.com/in/" + session + "/tasks/t1/1.jpg", "https://cdn.example.com/in/" + session + "/tasks/t1/1.thumb.jpg"}
}

func TestTheCDNForgetsThePicturesThatAreRemoved(t *testing.T) {
	t.Parallel()
	s, _, asked := withCDN(t)
	session, want := fill(t, s)
	gone, err := s.Remove(t.Context(), session+"/tasks/t1/")
	if err != nil || gone != (store.Removed{Objects: 3, Cached: 2}) {
		t.Errorf("removed = %+v, err = %v", gone, err)
	}
	slices.Sort(asked.held)
	slices.Sort(asked.released)
	if !slices.Equal(asked.held, want) || !slices.Equal(asked.released, want) {
		t.Errorf("held %v, released %v, want the two pictures and no manifest", asked.held, asked.released)
	}
	if gone, err := s.Remove(t.Context(), session+"/uploads/u/"); err != nil || gone != (store.Removed{Objects: 1}) {
		t.Errorf("a photo: %+v, err = %v: photos are never at the CDN", gone, err)
	}
}

func TestNothingIsRemovedThatTheCDNCouldNotBeToldOf(t *testing.T) {
	t.Parallel()
	s, _, asked := withCDN(t)
	session, _ := fill(t, s)
	asked.fail = errors.New("engine is away")
	if _, err := s.Remove(t.Context(), session+"/"); err == nil {
		t.Error("no error")
	}
	if _, err := s.Stat(t.Context(), session+"/tasks/t1/1.jpg"); err != nil {
		t.Errorf("it is gone all the same: %v", err)
	}
}

func TestARemovalThatFailedIsNotReleased(t *testing.T) {
	t.Parallel()
	s, driver, asked := withCDN(t)
	session, _ := fill(t, s)
	driver.fail = errors.New("bucket is away")
	if _, err := s.Remove(t.Context(), session+"/"); err == nil || len(asked.released) > 0 {
		t.Errorf("err = %v, released %v", err, asked.released)
	}
	driver.fail = nil
	if gone, err := s.Remove(t.Context(), session+"/"); err != nil || gone.Objects != 5 || len(asked.released) != 3 {
		t.Errorf("again: %+v, err = %v, released %v", gone, err, asked.released)
	}
}

func TestOperatorsHaveTheCDNForgetADirectory(t *testing.T) {
	t.Parallel()
	s, _, asked := withCDN(t)
	session := task.NewID()
	for _, step := range []struct {
		session string
		dry     store.DryRun
		asked   int
	}{{session, true, 0}, {session, false, 1}, {"", false, 2}} {
		address, err := s.RefreshCDN(t.Context(), step.session, step.dry)
		if err != nil || address != "https://cdn.example.com/in/"+step.session || len(asked.beneath) != step.asked {
			t.Errorf("%+v: %q, err = %v, asked %v", step, address, err, asked.beneath)
		}
	}
	if _, err := open(t, config()).RefreshCDN(t.Context(), "", false); fault.CodeOf(err) != fault.CDNNotConfigured {
		t.Errorf("without a CDN: %v", err)
	}
}
