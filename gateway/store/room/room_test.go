package room

import (
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// disk is a disk of a test.
type disk struct{ free atomic.Int64 }

func (d *disk) ask() (int64, error) { return d.free.Load(), nil }

func of(free, floor int64) (*Room, *disk) {
	d := &disk{}
	d.free.Store(free)
	return New(floor, d.ask), d
}

func full(err error) bool { return fault.CodeOf(err) == fault.StorageFull }

func TestWhatIsPromisedCountsForTheNext(t *testing.T) {
	t.Parallel()
	r, d := of(100, 40)
	first, err := r.Promise(50)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Promise(11); !full(err) || !full(r.Fits(11)) {
		t.Errorf("60 bytes are above the floor, 50 of them promised, and 11 more are taken: %v", err)
	}
	if err := errors.Join(r.Fits(10), r.Check()); err != nil {
		t.Error(err)
	}
	first.Came(30)
	d.free.Add(-30)
	if !full(r.Fits(11)) || r.Fits(10) != nil {
		t.Error("bytes that came count twice, or not at all")
	}
	first.Return()
	if err := r.Fits(30); err != nil {
		t.Errorf("what did not come is still promised: %v", err)
	}
}

// Bodies begin, come, come too much, end once or twice, in any order.
func TestNoPromiseIsEverLost(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		dice := rand.New(rand.NewPCG(seed, 12))
		r, _ := of(1<<20, 0)
		var all []*Promise
		for range 500 {
			switch n := dice.Int64N(1 << 16); dice.IntN(4) {
			case 0, 1:
				p, err := r.Promise(n)
				if err == nil {
					all = append(all, p)
				} else if !full(err) || r.Promised()+n <= 1<<20 {
					t.Fatalf("seed %d: %d are promised, %d refused: %v", seed, r.Promised(), n, err)
				}
			case 2:
				if len(all) > 0 {
					all[dice.IntN(len(all))].Came(n / 8)
				}
			case 3:
				if len(all) > 0 {
					all[dice.IntN(len(all))].Return()
				}
			}
			if p := r.Promised(); p < 0 || p > 1<<20 {
				t.Fatalf("seed %d: %d are promised", seed, p)
			}
		}
		for _, p := range all {
			p.Return()
		}
		if p := r.Promised(); p != 0 {
			t.Fatalf("seed %d: %d are left", seed, p)
		}
	}
}

func TestAWriteMeetsTheFloorWhileItWrites(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, d := of(100, 40)
		w := r.Write()
		defer w.End()
		for range 3 {
			if err := w.Take(15); err != nil {
				t.Fatal(err)
			}
			d.free.Add(-15)
		}
		if err := w.Take(20); !full(err) {
			t.Errorf("our own writes between two looks: %v", err)
		}
		r, d = of(100, 40)
		other := r.Write()
		defer other.End()
		if err := other.Take(1); err != nil {
			t.Fatal(err)
		}
		d.free.Store(10)      // another program
		time.Sleep(lookEvery) //nolint:forbidigo // in a bubble
		if err := other.Take(1); !full(err) {
			t.Errorf("others' writes: %v", err)
		}
	})
}

// Of two files that meet the floor together, one goes and the other waits for
// its room.
func TestAFileAtTheFloorWaitsForAnotherThatGoes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, d := of(100, 40)
		first, second := r.Write(), r.Write()
		defer second.End()
		if err := errors.Join(first.Take(30), second.Take(30)); err != nil {
			t.Fatal(err)
		}
		d.free.Store(40)
		if err := first.Take(1); !full(err) {
			t.Fatal(err)
		}
		went := make(chan error, 1)
		go func() { went <- second.Take(1) }()
		synctest.Wait()
		d.free.Add(30)
		first.End()
		if err := <-went; err != nil {
			t.Errorf("the other file: %v", err)
		}
	})
}

// Twenty files that together do not fit fill the disk. Some go, the others are
// finished, and nothing is written below the floor.
func TestAtTheFloorSomeGoSoThatOthersGoOn(t *testing.T) {
	t.Parallel()
	const size, piece, files, floor = 1000, 50, 20, 100
	r, d := of(floor+size*files/2, floor)
	var work sync.WaitGroup
	var done, gone atomic.Int64
	for range files {
		work.Go(func() {
			w := r.Write()
			defer w.End()
			written := int64(0)
			for written < size {
				if err := w.Take(piece); err != nil {
					d.free.Add(written)
					gone.Add(1)
					return
				}
				if d.free.Add(-piece) < floor {
					t.Error("below the floor")
				}
				written += piece
			}
			done.Add(1)
		})
	}
	work.Wait()
	if done.Load() < files/4 || done.Load()+gone.Load() != files {
		t.Errorf("%d were finished, %d had to go; there was room for half", done.Load(), gone.Load())
	}
	if r.pending != 0 || r.parting != 0 {
		t.Errorf("left: %d pending, %d parting", r.pending, r.parting)
	}
}

func TestADiskThatDoesNotSayIsNoReason(t *testing.T) {
	t.Parallel()
	r := New(1<<40, func() (int64, error) { return 0, errors.New("no") })
	w := r.Write()
	defer w.End()
	p, err := r.Promise(1)
	if err := errors.Join(err, r.Check(), r.Fits(1), w.Take(1)); err != nil {
		t.Error(err)
	}
	p.Return()
	p = nil
	p.Came(1)
	p.Return()
}
