package main

import (
	"bufio"
	"io"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
)

// settle gives back what only building needed. Building leaves twice as much
// garbage as anything that lives on, and the collector would let the process
// grow by that much again. It also reads nearly the whole program file, of
// which serving needs a tenth: those pages leave the process here, stay in
// the cache of files, and are mapped again when they are wanted.
func settle() {
	debug.FreeOSMemory()
	program, err := os.Executable()
	if err != nil {
		return // it only takes more memory
	}
	maps, err := os.Open("/proc/self/smaps")
	if err != nil {
		return
	}
	parts := pristine(maps, program)
	_ = maps.Close()
	for _, p := range parts {
		_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, p.start, p.length, syscall.MADV_DONTNEED)
	}
}

// part is a piece of the address space.
type part struct{ start, length uintptr }

// pristine are the parts of the program file that are as they lie on the
// disk: nobody can write to them, and nobody did before (the linker and
// debuggers do). proc_pid_smaps(5) has the format.
func pristine(smaps io.Reader, program string) (all []part) {
	var of part
	for lines := bufio.NewScanner(smaps); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 2 {
			continue
		}
		if name, named := strings.CutSuffix(fields[0], ":"); named {
			if name == "Anonymous" && fields[1] == "0" && of.length > 0 {
				all = append(all, of)
			}
			continue
		}
		of = part{}
		if len(fields) == 6 && fields[5] == program && !strings.Contains(fields[1], "w") {
			of = parsePart(fields[0])
		}
	}
	return all
}

// parsePart reads a range like 00400000-0176d000; what is none is empty.
func parsePart(s string) part {
	from, to, _ := strings.Cut(s, "-")
	start, err := strconv.ParseUint(from, 16, 64)
	if err != nil {
		return part{}
	}
	end, err := strconv.ParseUint(to, 16, 64)
	if err != nil || end < start {
		return part{}
	}
	return part{start: uintptr(start), length: uintptr(end - start)}
}
