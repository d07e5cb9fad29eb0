package sandbox

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// cellTest tells this program to be TestInsideTheCell.
const cellTest = "IMGFLEET_TEST_CELL"

func TestADecoderReachesNothingButItsPipes(t *testing.T) {
	t.Parallel()
	if !Enclosed() {
		t.Skip("this kernel has no system call filters")
	}
	for _, h := range []HEIF{WASM, Native} {
		t.Run(string(h), func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestInsideTheCell$", "-test.v")
			cmd.Env = []string{cellTest + "=" + string(h)}
			out, err := cmd.CombinedOutput()
			if err != nil || strings.Contains(string(out), "SKIP") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// TestInsideTheCell does what a file that took over its decoder would do.
func TestInsideTheCell(t *testing.T) { //nolint:paralleltest // the process is its own
	h := HEIF(os.Getenv(cellTest))
	if h == "" {
		t.Skip("run by TestADecoderReachesNothingButItsPipes")
	}
	parent := os.Getppid()
	if err := enclose(h); err != nil {
		t.Fatal(err)
	}
	for what, try := range map[string]func() error{
		"read a file":                  func() error { _, err := os.ReadFile("/etc/hostname"); return err },
		"write a file":                 func() error { return os.WriteFile("cell.txt", nil, 0o600) },
		"list a folder":                func() error { _, err := os.ReadDir("/"); return err },
		"look at a file":               func() error { _, err := os.Stat("/etc/hostname"); return err },
		"read the worker's secrets":    func() error { _, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", parent)); return err },
		"read its own environment":     func() error { _, err := os.ReadFile("/proc/self/environ"); return err },
		"call an address":              func() error { _, err := net.Dial("tcp", "127.0.0.1:1"); return err },
		"listen":                       func() error { _, err := net.Listen("tcp", "127.0.0.1:0"); return err },
		"send a datagram":              func() error { _, err := net.Dial("udp", "127.0.0.1:53"); return err },
		"make a pair of sockets":       func() error { _, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0); return err },
		"start a program":              func() error { return exec.CommandContext(t.Context(), "/bin/true").Run() },
		"become a program":             func() error { return syscall.Exec("/bin/true", nil, nil) }, //nolint:gosec // it must fail
		"fork":                         func() error { return call(unix.SYS_CLONE, uintptr(unix.SIGCHLD)) },
		"end the worker":               func() error { return syscall.Kill(parent, syscall.SIGTERM) },
		"signal the worker's thread":   func() error { return unix.Tgkill(parent, parent, 0) },
		"trace the worker":             func() error { return unix.PtraceAttach(parent) },
		"read the worker's memory":     func() error { return call(unix.SYS_PROCESS_VM_READV, uintptr(parent)) },
		"open the worker's files":      func() error { return call(unix.SYS_PIDFD_OPEN, uintptr(parent)) },
		"work through a ring":          func() error { return call(unix.SYS_IO_URING_SETUP, 1) },
		"load into the kernel":         func() error { return call(unix.SYS_BPF) },
		"keep a file in memory":        func() error { return call(unix.SYS_MEMFD_CREATE) },
		"make a namespace":             func() error { return unix.Unshare(unix.CLONE_NEWUSER) },
		"raise its limits":             func() error { return unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 1 << 20, Max: 1 << 20}) },
		"be readable again":            func() error { return unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0) },
		"have its parent signalled":    func() error { _, err := unix.FcntlInt(0, unix.F_SETOWN, parent); return err },
		"run what it wrote, if native": func() error { return written(h) },
	} {
		if err := try(); !errors.Is(err, unix.EPERM) {
			t.Errorf("%s: %v, want %v", what, err, unix.EPERM)
		}
	}
	if err := call(unix.SYS_CLONE3); !errors.Is(err, unix.ENOSYS) {
		t.Errorf("clone3: %v; C needs %v to try clone", err, unix.ENOSYS)
	}
}

// written asks for memory to write a program in. WebAssembly needs it.
func written(h HEIF) error {
	_, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_EXEC, unix.MAP_ANON|unix.MAP_PRIVATE)
	if h == WASM && err == nil {
		return unix.EPERM
	}
	return err
}

func call(number uintptr, args ...uintptr) error {
	args = append(args, 0, 0, 0)
	if _, _, errno := unix.Syscall(number, args[0], args[1], args[2]); errno != 0 {
		return errno
	}
	return nil
}

func TestEveryThreadOfADecoderIsInTheCell(t *testing.T) {
	t.Parallel()
	if !Enclosed() {
		t.Skip("this kernel has no system call filters")
	}
	for _, h := range []HEIF{WASM, Native} {
		t.Run(string(h), func(t *testing.T) {
			t.Parallel()
			s := boxOf(t, h)
			p := s.start()
			if _, _, err := s.on(t.Context(), p, file(t, "quadrants.heic"), 2048); err != nil {
				t.Fatal(err)
			}
			threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", p.cmd.Process.Pid))
			if err != nil || len(threads) == 0 {
				t.Fatal(threads, err)
			}
			for _, thread := range threads {
				status, err := os.ReadFile(thread)
				if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
					continue // it ended
				}
				for _, line := range []string{"NoNewPrivs:\t1\n", "Seccomp:\t2\n"} {
					if !strings.Contains(string(status), line) {
						t.Errorf("%s, want %q: %v\n%s", thread, line, err, status)
					}
				}
			}
		})
	}
}
