package main

import (
	"strings"
	"testing"
)

func TestDescriptorsAreLeftForTheEngine(t *testing.T) {
	t.Parallel()
	for limit, want := range map[int]int{256: leastConnections, 1024: 576, 1200: 719, 65536: 52992, 1 << 20: 851712} {
		d := divide(limit)
		if d.connections != want {
			t.Errorf("of %d: %d connections, want %d", limit, d.connections, want)
		}
		if spare := d.connections - d.streams; limit >= 1024 && spare <= d.files {
			t.Errorf("of %d: requests have %d connections beside streams, and may have %d files open", limit, spare, d.files)
		}
		if left := limit - d.connections - d.files; limit >= 1024 && left < ownDescriptors {
			t.Errorf("of %d: %d are left", limit, left)
		}
		if said := d.warning() != ""; said != (limit < fewDescriptors) {
			t.Errorf("of %d it says %q", limit, d.warning())
		}
	}
	if w := divide(1024).warning(); !strings.Contains(w, "RLIMIT_NOFILE") || !strings.Contains(w, "576") {
		t.Errorf("it says %q", w)
	}
	if d := (descriptors{}); d.warning() != "" {
		t.Errorf("without a limit it says %q", d.warning())
	}
}

func TestThePublicListenerKeepsToItsShareOfDescriptors(t *testing.T) {
	t.Parallel()
	h, d := defaults().httpapi(), processDescriptors()
	if h.Gate.Most != d.connections || h.Files != d.files || h.Streams.Most != d.streams || h.Gate.Strangers == 0 {
		t.Errorf("%+v and %d files, of %+v", h.Gate, h.Files, d)
	}
}
