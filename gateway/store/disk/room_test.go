package disk

import (
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgfleet/imgfleet/gateway/store/room"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// filled is a reader during which somebody else fills the disk.
type filled struct {
	io.Reader
	fill func()
}

func (f filled) Read(p []byte) (int, error) {
	f.fill()
	return f.Reader.Read(p)
}

func TestAnObjectThatMeetsTheFloorLeavesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		free := int64(1 << 20)
		d := open(t, Config{Dir: t.TempDir(), Room: room.New(1000, func() (int64, error) { return free, nil })})
		key := task.NewID() + "/tasks/x/1.jpg"
		fill := func() {
			free = 0
			time.Sleep(time.Second) //nolint:forbidigo // in a bubble
		}
		_, err := d.Put(t.Context(), key, filled{strings.NewReader(strings.Repeat("x", 100_000)), fill})
		if fault.CodeOf(err) != fault.StorageFull {
			t.Errorf("err = %v", err)
		}
		if left, err := os.ReadDir(d.temp); err != nil || len(left) > 0 {
			t.Errorf("left: %v, %v", left, err)
		}
		free = 1 << 20
		time.Sleep(time.Second) //nolint:forbidigo // in a bubble
		if _, err := d.Put(t.Context(), key, strings.NewReader("x")); err != nil {
			t.Errorf("with room again: %v", err)
		}
	})
}
