package enginetest

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// Disk is a small disk of its own, for a test to fill.
type Disk struct{ Dir string }

// OpenDisk mounts a disk in memory. It skips the test where that is not allowed.
func OpenDisk(t *testing.T, bytes int) *Disk {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", bytes)); err != nil {
		t.Skipf("cannot mount a disk: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return &Disk{Dir: dir}
}

// Fill leaves so many bytes free.
func (d *Disk) Fill(t *testing.T, left int64) {
	t.Helper()
	var on syscall.Statfs_t
	if err := syscall.Statfs(d.Dir, &on); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(d.ballast(), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	has, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Fallocate(int(f.Fd()), 0, has.Size(), int64(on.Bavail)*on.Bsize-left); err != nil {
		t.Fatal(err)
	}
}

// Clear takes away what Fill put there.
func (d *Disk) Clear(t *testing.T) {
	t.Helper()
	if err := os.Remove(d.ballast()); err != nil {
		t.Fatal(err)
	}
}

func (d *Disk) ballast() string { return filepath.Join(d.Dir, "ballast") }
