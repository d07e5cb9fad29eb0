//go:build amd64 || arm64

package sandbox

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// Enclosed reports whether this kernel can keep a decoder in its cell.
func Enclosed() bool {
	action := uint32(unix.SECCOMP_RET_ERRNO)
	return seccomp(unix.SECCOMP_GET_ACTION_AVAIL, 0, unsafe.Pointer(&action)) == nil
}

// enclose takes from this process, all its threads, whatever a decoder does
// not need: it computes, allocates, reads what it is asked and writes its
// answers. It opens no file and no connection, starts no program, signals no
// other process, and gains no privilege. A kernel without system call filters
// leaves it with its limit of memory only.
func enclose(h HEIF) error {
	if !Enclosed() {
		return nil
	}
	runtime.LockOSThread() // this thread, which may gain no privilege any more, gives the filter to all
	defer runtime.UnlockOSThread()
	if err := errors.Join(
		unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}),
		unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0),
		unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
	); err != nil {
		return err
	}
	code, err := bpf.Assemble(filter(h))
	if err != nil {
		return err
	}
	fprog := unix.SockFprog{Len: uint16(len(code)), Filter: (*unix.SockFilter)(unsafe.Pointer(unsafe.SliceData(code)))}
	return seccomp(unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, unsafe.Pointer(&fprog))
}

func seccomp(operation, flags uintptr, arg unsafe.Pointer) error {
	switch thread, _, errno := unix.Syscall(unix.SYS_SECCOMP, operation, flags, uintptr(arg)); {
	case errno != 0:
		return fmt.Errorf("seccomp: %w", errno)
	case thread != 0:
		return fmt.Errorf("seccomp: thread %d has a filter of its own", thread)
	}
	return nil
}

// Offsets in struct seccomp_data; the low half of an argument comes first on
// these processors.
const (
	number    = 0
	processor = 4
	argument  = 16 // of the first; each has 8 bytes
)

// filter is the program that the kernel asks about each system call. Those
// that it does not know fail with EPERM.
func filter(h HEIF) []bpf.Instruction {
	program := []bpf.Instruction{
		bpf.LoadAbsolute{Off: processor, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: native, SkipTrue: 1},
		bpf.RetConstant{Val: unix.SECCOMP_RET_KILL_PROCESS},
		bpf.LoadAbsolute{Off: number, Size: 4},
	}
	for _, call := range needed() {
		program = append(program, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: call, SkipTrue: 1}, allow())
	}
	// The flags of clone3 cannot be seen here; C falls back to clone.
	program = append(program, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.SYS_CLONE3, SkipTrue: 1}, refuse(unix.ENOSYS))
	program = append(program, only(unix.SYS_CLONE, 0, bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: unix.CLONE_THREAD})...)
	program = append(program, only(unix.SYS_TGKILL, 0, bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(os.Getpid())})...)
	for _, call := range []uint32{unix.SYS_MMAP, unix.SYS_MPROTECT} {
		can := bpf.JumpIf{Cond: bpf.JumpGreaterOrEqual}
		if h == Native { // nothing is compiled there
			can = bpf.JumpIf{Cond: bpf.JumpBitsNotSet, Val: unix.PROT_EXEC}
		}
		program = append(program, only(call, 2, can)...)
	}
	return append(program, refuse(unix.EPERM))
}

func allow() bpf.Instruction { return bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW} }

func refuse(errno unix.Errno) bpf.Instruction {
	return bpf.RetConstant{Val: unix.SECCOMP_RET_ERRNO | uint32(errno)}
}

// only allows a call whose argument (the low half counts) is as it must be.
func only(call uint32, arg uint32, must bpf.JumpIf) []bpf.Instruction {
	must.SkipFalse = 1
	return []bpf.Instruction{
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: call, SkipTrue: 4},
		bpf.LoadAbsolute{Off: argument + 8*arg, Size: 4},
		must,
		allow(),
		refuse(unix.EPERM),
	}
}

// needed are the system calls of Go's runtime and of C's after their start,
// the frequent ones first.
func needed() []uint32 {
	return []uint32{
		unix.SYS_FUTEX, unix.SYS_READ, unix.SYS_WRITE, unix.SYS_MADVISE, unix.SYS_NANOSLEEP, unix.SYS_EPOLL_PWAIT,
		unix.SYS_RT_SIGRETURN, unix.SYS_RT_SIGPROCMASK, unix.SYS_GETPID, unix.SYS_GETTID, unix.SYS_SCHED_YIELD,
		unix.SYS_MUNMAP, unix.SYS_MREMAP, unix.SYS_BRK, unix.SYS_MINCORE, unix.SYS_MEMBARRIER,
		unix.SYS_RT_SIGACTION, unix.SYS_SIGALTSTACK, unix.SYS_RESTART_SYSCALL,
		unix.SYS_SET_ROBUST_LIST, unix.SYS_RSEQ, unix.SYS_SET_TID_ADDRESS, unix.SYS_SCHED_GETAFFINITY, unix.SYS_GETCPU,
		unix.SYS_EPOLL_CREATE1, unix.SYS_EPOLL_CTL, unix.SYS_EVENTFD2, unix.SYS_PPOLL,
		unix.SYS_READV, unix.SYS_WRITEV, unix.SYS_CLOSE, unix.SYS_FSTAT,
		unix.SYS_CLOCK_NANOSLEEP, unix.SYS_CLOCK_GETTIME, unix.SYS_CLOCK_GETRES, unix.SYS_GETTIMEOFDAY,
		unix.SYS_TIMER_CREATE, unix.SYS_TIMER_SETTIME, unix.SYS_TIMER_DELETE, unix.SYS_SETITIMER,
		unix.SYS_GETRANDOM, unix.SYS_UNAME, unix.SYS_SYSINFO, unix.SYS_EXIT, unix.SYS_EXIT_GROUP,
	}
}
