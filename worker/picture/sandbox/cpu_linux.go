package sandbox

import (
	"bytes"
	"os"
	"strconv"
	"time"
)

// clockTick is the unit of the times in /proc, on every architecture of Linux.
const clockTick = 10 * time.Millisecond

// cpu is how much of the processor the process has used, all its threads
// together, and whether that is known.
func (p *process) cpu() (used time.Duration, known bool) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(p.cmd.Process.Pid) + "/stat")
	if err != nil {
		return 0, false
	}
	return cpuOf(stat)
}

// cpuOf reads the times from the line of a process. Its name, in parentheses,
// may hold anything.
func cpuOf(stat []byte) (used time.Duration, known bool) {
	const user, system = 11, 12 // of what follows the name
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) <= system {
		return 0, false
	}
	for _, field := range fields[user : system+1] {
		ticks, err := strconv.ParseInt(string(field), 10, 64)
		if err != nil {
			return 0, false
		}
		used += time.Duration(ticks) * clockTick
	}
	return used, true
}
