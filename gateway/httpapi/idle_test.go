package httpapi

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"
)

// An idle stream must stay cheap: that is why it leaves the HTTP library. The
// client is another process, so that its memory is not counted as ours. Set
// IMGFLEET_IDLE_STREAMS=10000 for the figure of the README.
func TestIdleStreamsAreSmall(t *testing.T) { //nolint:paralleltest // other tests would be measured too
	if os.Getenv("IMGFLEET_STREAM_CLIENT") != "" {
		holdStreams()
		return
	}
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	n := 1000
	if s := os.Getenv("IMGFLEET_IDLE_STREAMS"); s != "" {
		n, _ = strconv.Atoi(s)
	}
	h := start(t, func(c *Config, _ *Deps) { c.Streams.Sweep, c.Streams.Heartbeat = time.Second, 12*time.Second })
	h.world.limits.SessionStreams = 0
	token := h.session()
	id := h.taskID(token)
	before := residentBytes(t)
	patience, giveUp := context.WithTimeout(t.Context(), time.Minute)
	defer giveUp()
	client := exec.CommandContext(patience, os.Args[0], "-test.run=^TestIdleStreamsAreSmall$")
	client.Env = append(os.Environ(), "IMGFLEET_STREAM_CLIENT="+h.server.Addr().String()+" "+h.streamPath(token, id)+" "+strconv.Itoa(n))
	client.Stderr = os.Stderr
	hold, err := client.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := client.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != allOpen {
		t.Fatalf("the client says %q, %v", line, err)
	}
	if got := h.world.readers(id); got != n {
		t.Fatalf("%d streams are open, want %d", got, n)
	}
	each := float64(residentBytes(t)-before) / float64(n) / 1024
	t.Logf("%d idle streams: %.1f KB of RSS each, %d goroutines", n, each, runtime.NumGoroutine())
	if each > 32 && !raceEnabled {
		t.Errorf("an idle stream costs %.1f KB, more than 32", each)
	}
	_ = hold.Close()
	_ = client.Wait()
	eventually(t, func() bool { return h.world.readers(id) == 0 })
}

func residentBytes(t *testing.T) int64 {
	t.Helper()
	runtime.GC()
	debug.FreeOSMemory()
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.ParseInt(strings.Fields(string(b))[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}

// allOpen is what the client process prints when it holds all streams.
const allOpen = "open\n"

// holdStreams is the client process: it opens streams, says so, and holds them
// until its standard input ends.
func holdStreams() {
	spec := strings.Fields(os.Getenv("IMGFLEET_STREAM_CLIENT"))
	n, _ := strconv.Atoi(spec[2])
	conns := make([]net.Conn, 0, n)
	for range n {
		c, err := net.Dial("tcp", spec[0])
		if err != nil {
			fmt.Fprintln(os.Stderr, "stream client:", err)
			os.Exit(1)
		}
		_, _ = fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", spec[1])
		if _, err := bufio.NewReaderSize(c, 512).ReadString('\n'); err != nil {
			fmt.Fprintln(os.Stderr, "stream client:", err)
			os.Exit(1)
		}
		conns = append(conns, c)
	}
	_, _ = os.Stdout.WriteString(allOpen)
	_, _ = io.Copy(io.Discard, os.Stdin)
	runtime.KeepAlive(conns)
}
