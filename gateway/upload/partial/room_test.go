package partial

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/imgfleet/imgfleet/gateway/store/room"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

// filling is a source that fills the disk once its first bytes were read.
type filling struct {
	io.Reader
	fill func()
}

func (f filling) Read(p []byte) (int, error) {
	defer f.fill()
	return f.Reader.Read(p)
}

func TestAChunkThatMeetsTheFloorIsTakenBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, s, id := open(t)
		free := int64(1000)
		f.room = room.New(100, func() (int64, error) { return free, nil })
		if _, err := f.Append(s, id, Chunk{Max: 5, Source: strings.NewReader("abc")}); err != nil {
			t.Fatal(err)
		}
		fill := func() {
			free = 0
			time.Sleep(time.Second) //nolint:forbidigo // in a bubble
		}
		n, err := f.Append(s, id, Chunk{Offset: 3, Max: 2, Source: filling{strings.NewReader("de"), fill}})
		if n != 0 || fault.CodeOf(err) != fault.StorageFull {
			t.Errorf("n = %d, %v", n, err)
		}
		if size, _ := f.Size(s, id); size != 3 {
			t.Errorf("%d bytes are kept, want those of before", size)
		}
		if p := f.room.Promised(); p != 0 {
			t.Errorf("%d bytes are promised to nobody", p)
		}
	})
}

func TestNoChunkLeavesAPromise(t *testing.T) {
	t.Parallel()
	f, s, id := open(t)
	no := errors.New("no")
	for name, c := range map[string]Chunk{
		"whole":    {Max: 3, Source: strings.NewReader("abc")},
		"cut":      {Max: 3, Source: iotest.ErrReader(no)},
		"refused":  {Max: 3, Source: strings.NewReader("abc"), Accept: func() error { return no }},
		"too long": {Max: 3, Source: strings.NewReader("abcd")},
		"no room":  {Max: 1 << 60, Source: strings.NewReader("abc")},
	} {
		c.Offset, _ = f.Size(s, id)
		_, err := f.Append(s, id, c)
		if p := f.room.Promised(); p != 0 {
			t.Errorf("%s: %d bytes are promised to nobody: %v", name, p, err)
		}
	}
}
