package e2e_test

import (
	"bytes"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imgfleet/imgfleet/gateway/engine/enginetest"
	"github.com/imgfleet/imgfleet/gateway/store/room"
)

// answer reads the status and the words of a problem.
func (r *rival) answer(t *testing.T) (status int, said string, header http.Header) {
	t.Helper()
	_ = r.SetReadDeadline(time.Now().Add(taskPatience))
	resp, err := http.ReadResponse(r.answers, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	words, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(words), resp.Header
}

// trickles sends a body piece by piece until it is cut off.
func (r *rival) trickles(body []byte) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for piece := range slices.Chunk(body, 64<<10) {
		if _, err := r.Write(piece); err != nil {
			return
		}
		<-tick.C
	}
}

// fullStore expects the refusal for want of room.
func fullStore(t *testing.T, when string, status int, said string, header http.Header) {
	t.Helper()
	if status != http.StatusServiceUnavailable || !strings.Contains(said, `"storage_full"`) || header.Get("Retry-After") == "" {
		t.Errorf("%s: %d %s, Retry-After %q", when, status, said, header.Get("Retry-After"))
	}
}

// TestADiskIsPromisedOnceAndLookedAtWhileBodiesCome runs a gateway on a small
// disk. Bodies that have begun keep their room; what would not fit beside them
// is refused before it is sent; and when others fill the disk, a body ends with
// a reason and leaves nothing.
func TestADiskIsPromisedOnceAndLookedAtWhileBodiesCome(t *testing.T) {
	t.Parallel()
	const size, floor = 16 << 20, 64 << 20
	disk := enginetest.OpenDisk(t, 256<<20)
	data := filepath.Join(disk.Dir, "data")
	d := start(t, data, "--config", config(t, "latency=50ms", map[string]any{"store": map[string]any{"kind": "disk", "minFree": "64MiB"}}))
	s, err := d.api(t, 0).NewSession(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	whole, objects := make([]byte, size), filepath.Join(data, "objects")
	free, _, err := room.Disk(disk.Dir)
	if err != nil {
		t.Fatal(err)
	}
	fit := int((free - floor) / size)
	disk.Fill(t, floor+3*size+size/2) // room for three
	if fit < 4 {
		t.Fatalf("the disk has room for %d photos only", fit)
	}
	var paths []string
	for range 4 {
		paths = append(paths, pathOf(t, declares(t, s, size).UploadURL))
	}
	var slow []*rival
	for i, path := range paths[:3] {
		slow = append(slow, begins(t, d.public[0], http.MethodPut, path, size, whole[:1<<20], "Content-Type: image/jpeg\r\n"))
		eventually(t, func() bool { return diskUse(objects) == int64(i+1)<<20 })
	}
	status, said, header := begins(t, d.public[0], http.MethodPut, paths[3], size, nil, "Content-Type: image/jpeg\r\nExpect: 100-continue\r\n").answer(t)
	fullStore(t, "a fourth body", status, said, header)

	for _, r := range slow[1:] { // two are cut off, and give their room back
		_ = r.Close()
	}
	eventually(t, func() bool { return diskUse(objects) == 1<<20 })
	if status := puts(t, d.public[0]+paths[3], bytes.NewReader(whole), size); status != http.StatusOK {
		t.Errorf("with room again: %d", status)
	}

	disk.Fill(t, floor-1<<20) // somebody else does
	go slow[0].trickles(whole[1<<20 : size-1])
	status, said, header = slow[0].answer(t)
	fullStore(t, "a body on a full disk", status, said, header)
	eventually(t, func() bool { return diskUse(objects) == size })
	disk.Clear(t)
	if status := puts(t, d.public[0]+paths[0], bytes.NewReader(whole), size); status != http.StatusOK {
		t.Errorf("after room was made: %d", status)
	}
}
