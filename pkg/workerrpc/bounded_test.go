package workerrpc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// announce is the prefix of a message of n bytes.
func announce(n uint32) []byte { return binary.BigEndian.AppendUint32([]byte{0}, n) }

// headers writes the fields of a call or an answer.
func headers(t *testing.T, f *http2.Framer, stream uint32, fields ...string) {
	t.Helper()
	var block bytes.Buffer
	e := hpack.NewEncoder(&block)
	for kv := range slices.Chunk(fields, 2) {
		if err := e.WriteField(hpack.HeaderField{Name: kv[0], Value: kv[1]}); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: block.Bytes(), EndHeaders: true}); err != nil {
		t.Fatal(err)
	}
}

// A message that says that it has 256 MiB is not waited for.
func TestAServerEndsAConnectionThatAnnouncesTooMuch(t *testing.T) {
	t.Parallel()
	s := start(t, &fakeWorker{}, ServerConfig{})
	for _, method := range []string{"Generate", "Inspect", "Cancel"} {
		conn, err := net.Dial("tcp", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		_, _ = io.WriteString(conn, http2.ClientPreface)
		f := http2.NewFramer(conn, conn)
		if err := f.WriteSettings(); err != nil {
			t.Fatal(err)
		}
		headers(t, f, 1, ":method", "POST", ":scheme", "http", ":path", "/imgfleet.worker.v1.Worker/"+method, ":authority", "w",
			"content-type", "application/grpc", "te", "trailers")
		if err := f.WriteData(1, false, announce(1<<28)); err != nil {
			t.Fatal(err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		for err == nil {
			_, err = f.ReadFrame()
		}
		if late := net.Error(nil); errors.As(err, &late) && late.Timeout() {
			t.Errorf("%s: the connection stays", method)
		}
	}
}

func TestAClientEndsAConnectionThatAnnouncesTooMuch(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		_, _ = io.ReadFull(conn, make([]byte, len(http2.ClientPreface)))
		f := http2.NewFramer(conn, conn)
		_ = f.WriteSettings()
		for {
			frame, err := f.ReadFrame()
			if err != nil {
				return
			}
			switch h := frame.(type) {
			case *http2.PingFrame:
				_ = f.WritePing(true, h.Data)
			case *http2.HeadersFrame:
				headers(t, f, h.StreamID, ":status", "200", "content-type", "application/grpc")
				_ = f.WriteData(h.StreamID, false, announce(1<<28))
			}
		}
	}()
	c := dial(t, ClientConfig{Silence: 20 * time.Second})
	if _, err := c.Generate(t.Context(), ln.Addr().String(), Attempt{}, nil); fault.CodeOf(err) != fault.WorkerLost {
		t.Errorf("%v, want %s", err, fault.WorkerLost)
	}
}

func FuzzFrames(f *testing.F) {
	var good bytes.Buffer
	w := http2.NewFramer(&good, nil)
	_ = w.WriteSettings()
	_ = w.WriteData(1, false, announce(5))
	_ = w.WriteData(3, false, announce(0)[:2])
	_ = w.WriteData(1, true, []byte("hello"))
	_ = w.WriteData(3, true, append(announce(3)[2:], "abc"...))
	f.Add(good.Bytes(), 1)
	var large bytes.Buffer
	_ = http2.NewFramer(&large, nil).WriteData(7, false, announce(1<<20))
	f.Add(large.Bytes(), 3)
	f.Add([]byte("\x00\x00\x03\x00\x08\x00\x00\x00\x01\x01\x02\x03"), 2)
	f.Fuzz(func(t *testing.T, b []byte, piece int) {
		whole := frames{most: 1 << 10, parts: map[uint32]part{}}
		pieces := frames{most: 1 << 10, parts: map[uint32]part{}}
		want := whole.follow(b)
		var got error
		for chunk := range slices.Chunk(b, max(1, piece)) {
			if got = pieces.follow(chunk); got != nil {
				break
			}
		}
		if (want == nil) != (got == nil) {
			t.Errorf("whole: %v, in pieces: %v", want, got)
		}
		for id, p := range pieces.parts {
			if p.left > 1<<10 || p.have >= 5 || p == (part{}) {
				t.Errorf("stream %d keeps %+v", id, p)
			}
		}
	})
}

func TestWholeMessagesLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	w := http2.NewFramer(&b, nil)
	for stream := uint32(1); stream < 2000; stream += 2 {
		_ = w.WriteData(stream, false, append(announce(900), make([]byte, 300)...))
		_ = w.WriteData(stream, false, append(make([]byte, 600), announce(2)[:3]...))
		if stream%4 == 1 {
			_ = w.WriteRSTStream(stream, http2.ErrCodeCancel)
		} else {
			_ = w.WriteData(stream, true, nil)
		}
	}
	f := frames{most: 1 << 10, parts: map[uint32]part{}}
	if err := f.follow(b.Bytes()); err != nil || len(f.parts) > 0 {
		t.Errorf("%v, %d parts", err, len(f.parts))
	}
}
