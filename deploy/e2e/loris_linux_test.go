package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/deploy/e2e/photo"
	"github.com/imgfleet/imgfleet/deploy/rig"
)

// cost is what a process holds.
type cost struct {
	anonymous   int64 // bytes of memory
	descriptors int
}

func costOf(t *testing.T, pid int) (c cost) {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			_, _ = fmt.Sscan(rest, &c.anonymous)
			c.anonymous <<= 10
		}
	}
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	c.descriptors = len(open)
	return c
}

// drips sends a byte every other second, as long as anybody takes it.
func (r *rival) drips(ctx context.Context) {
	for rig.Wait(ctx, 2*time.Second) {
		if _, err := r.Write([]byte("x")); err != nil {
			return
		}
	}
}

// TestSlowBodiesCostLittleAndEnd lets twenty bodies of 32 MiB send a lot and then
// drip, while people send photos. Memory and descriptors stay bounded, the
// twenty end, a slow but steady phone does not, and nothing is left.
func TestSlowBodiesCostLittleAndEnd(t *testing.T) {
	t.Parallel()
	const slow, size, sent = 20, 32 << 20, 2 << 20
	data := t.TempDir()
	tr := newTrial(t, trialConfig{data: data})
	tr.start(t)
	person := api(t, tr.public)
	s, err := person.NewSession(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	picture, err := photo.JPEG(3, 1200, 900, photo.Rotated)
	if err != nil {
		t.Fatal(err)
	}
	people, leave := context.WithCancel(t.Context())
	var load sync.WaitGroup
	defer func() { leave(); load.Wait() }()
	for range 3 {
		load.Go(func() {
			for people.Err() == nil {
				s, err := person.NewSession(people)
				if err == nil {
					_, err = s.Upload(people, "image/jpeg", picture)
				}
				if err != nil && people.Err() == nil {
					t.Errorf("beside slow bodies: %v", err)
				}
				rig.Wait(people, time.Second)
			}
		})
	}
	rig.Wait(t.Context(), 2*time.Second) // the load is there
	before, objects := costOf(t, tr.gateway.PID()), filepath.Join(data, "objects", ".tmp")
	var all []*rival
	for range slow {
		path := pathOf(t, declares(t, s, size).UploadURL)
		r := begins(t, tr.public, http.MethodPut, path, size, make([]byte, sent), "Content-Type: image/jpeg\r\n")
		load.Go(func() { r.drips(people) })
		all = append(all, r)
	}
	steady := begins(t, tr.public, http.MethodPut, pathOf(t, declares(t, s, 288<<10).UploadURL), 288<<10, nil, "Content-Type: image/jpeg\r\n")
	arrived := make(chan int, 1)
	go func() { arrived <- steady.walks(t.Context(), 8<<10, 36) }()
	eventually(t, func() bool { return diskUse(objects) >= slow*sent })
	most := costOf(t, tr.gateway.PID())
	if grown := most.anonymous - before.anonymous; grown > 48<<20 {
		t.Errorf("%d slow bodies take %d MiB", slow, grown>>20)
	}
	if grown := most.descriptors - before.descriptors; grown > 3*slow {
		t.Errorf("%d slow bodies take %d descriptors", slow, grown)
	}
	for i, r := range all {
		if status, said, _ := r.answer(t); status != http.StatusRequestTimeout {
			t.Errorf("slow body %d: %d %s", i, status, said)
		}
	}
	if status := <-arrived; status != http.StatusOK {
		t.Errorf("the steady phone: %d", status)
	}
	leave()
	load.Wait()
	eventually(t, func() bool { return diskUse(objects) == 0 })
	eventually(t, func() bool { return costOf(t, tr.gateway.PID()).descriptors <= before.descriptors+slow/2 })
}

// walks sends pieces of a body, one a second, and returns the status.
func (r *rival) walks(ctx context.Context, piece, pieces int) int {
	for range pieces {
		if _, err := r.Write(make([]byte, piece)); err != nil || !rig.Wait(ctx, time.Second) {
			return 0
		}
	}
	resp, err := http.ReadResponse(r.answers, nil)
	if err != nil {
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}
