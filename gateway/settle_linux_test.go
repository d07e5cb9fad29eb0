package main

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// TestOnlyUntouchedPartsOfTheProgramAreGivenBack has what a linker or a
// debugger wrote, data, and libraries beside them.
func TestOnlyUntouchedPartsOfTheProgramAreGivenBack(t *testing.T) {
	t.Parallel()
	const smaps = `00400000-0176d000 r-xp 00000000 fe:00 1442120                            /opt/gateway
Size:              19892 kB
Rss:               17052 kB
Anonymous:             0 kB
VmFlags: rd ex mr mw me
0176d000-02ca0000 r--p 0136d000 fe:00 1442120                            /opt/gateway
Rss:               16964 kB
Anonymous:             4 kB
02ca0000-02e8b000 rw-p 028a0000 fe:00 1442120                            /opt/gateway
Anonymous:             0 kB
02e8b000-04ef8000 rw-p 00000000 00:00 0
Anonymous:             0 kB
7fa12a592000-7fa12a6e8000 r-xp 00026000 fe:00 1055042                    /usr/lib/libc.so.6
Anonymous:             0 kB
nonsense-02ca0000 r-xp 00000000 fe:00 1442120                            /opt/gateway
Anonymous:             0 kB
7fa12a700000-7fa12a710000 r--p 00000000 fe:00 1442120                    /opt/gateway
Anonymous:             0 kB
`
	got := pristine(strings.NewReader(smaps), "/opt/gateway")
	want := []part{{0x400000, 0x136d000}, {0x7fa12a700000, 0x10000}}
	if !slices.Equal(got, want) {
		t.Errorf("parts are %x, want %x", got, want)
	}
}

// TestTheProgramRunsOnAfterSettling reads its pages anew.
func TestTheProgramRunsOnAfterSettling(t *testing.T) {
	t.Parallel()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	maps, err := os.Open("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = maps.Close() }()
	if parts := pristine(maps, program); len(parts) == 0 {
		t.Error("no part of the program was found")
	}
	settle()
	if err := defaults().Validate(); err != nil {
		t.Error(err)
	}
}
