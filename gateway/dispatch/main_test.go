package dispatch

import (
	"flag"
	"runtime"
	"strconv"
	"testing"
)

// TestMain runs more tests at once than there are processors, unless it is
// told how many: they wait for an engine, a worker or a clock most of the time.
func TestMain(m *testing.M) {
	flag.Parse()
	if p := flag.Lookup("test.parallel"); p != nil && p.Value.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) {
		_ = p.Value.Set("12")
	}
	m.Run()
}
