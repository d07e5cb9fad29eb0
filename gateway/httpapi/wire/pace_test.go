package wire

import (
	"errors"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// reading is a connection whose handler reads what send writes, in virtual
// time.
func reading(t *testing.T, send func(client net.Conn)) (c *Conn) {
	t.Helper()
	client, ours := net.Pipe()
	l := On(nil, Defaults(), nil)
	c = l.take(ours)
	c.beginHead()
	c.Begin()
	var sender sync.WaitGroup
	sender.Go(func() { send(client) })
	t.Cleanup(func() {
		_, _ = client.Close(), ours.Close()
		sender.Wait()
	})
	return c
}

// pass lets virtual time pass.
func pass(d time.Duration) { time.Sleep(d) } //nolint:forbidigo // in a bubble

// drain reads until the body ends, and says how long it took and why it ended.
func drain(c *Conn) (took time.Duration, err error) {
	began := time.Now()
	for buffer := make([]byte, 64<<10); err == nil; {
		_, err = c.Read(buffer)
	}
	return time.Since(began), err
}

func TestABodyThatOnlyDripsEndsWithinItsWindowWhateverItSentBefore(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]int{"nothing": 0, "60 MB": 60 << 20} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := reading(t, func(client net.Conn) {
					if before > 0 {
						_, _ = client.Write(make([]byte, before))
					}
					for _, err := client.Write([]byte("x")); err == nil; _, err = client.Write([]byte("x")) {
						pass(5 * time.Second)
					}
				})
				took, err := drain(c)
				if window := Defaults().BodyWindow; !errors.Is(err, os.ErrDeadlineExceeded) || took > window+time.Second {
					t.Errorf("it went on for %v, its window is %v: %v", took, window, err)
				}
			})
		})
	}
}

func TestABodyThatStopsEndsSoon(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := reading(t, func(client net.Conn) {
			_, _ = client.Write(make([]byte, 60<<20))
		})
		took, err := drain(c)
		if !errors.Is(err, os.ErrDeadlineExceeded) || took > Defaults().Body {
			t.Errorf("it was waited for for %v: %v", took, err)
		}
	})
}

// At little more than the rate, for as long as 64 MiB take.
func TestASlowButSteadyPhoneGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := reading(t, func(client net.Conn) {
			for range 64 << 20 / (8 << 10) {
				_, _ = client.Write(make([]byte, 8<<10))
				pass(3500 * time.Millisecond)
			}
			_ = client.Close()
		})
		if took, err := drain(c); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("it was cut after %v", took)
		}
	})
}

// A disk that is slow, or an engine that is away, does not make a phone slow.
func TestOurOwnTimeIsNotThePhones(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := reading(t, func(client net.Conn) {
			for err := error(nil); err == nil; _, err = client.Write(make([]byte, 1<<10)) {
			}
		})
		buffer := make([]byte, 1<<10)
		for range 100 {
			if _, err := c.Read(buffer); err != nil {
				t.Fatalf("it was cut: %v", err)
			}
			pass(10 * time.Second)
		}
	})
}
