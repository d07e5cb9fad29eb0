package rig

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// ticksPerSecond is USER_HZ, which Linux fixes for /proc.
const ticksPerSecond = 100

// Usage is processor time so far, in seconds.
type Usage struct {
	At      time.Time
	Machine float64 // by anything but idling, stolen time included
	Gateway float64
	Workers float64
}

// Usage reads what machine, gateway and workers have used.
func (r *Rig) Usage() (u Usage, err error) {
	u.At = time.Now()
	if u.Machine, err = Machine(); err != nil {
		return u, err
	}
	if u.Gateway, err = Process(r.gateway.PID()); err != nil {
		return u, err
	}
	for _, w := range r.workers {
		used, err := Process(w.PID())
		if err != nil {
			return u, err
		}
		u.Workers += used
	}
	return u, nil
}

// Busy is how many processors all programs of the machine keep busy right
// now, looked at for a moment.
func Busy(moment time.Duration) (float64, error) {
	before, err := Machine()
	if err != nil {
		return 0, err
	}
	time.Sleep(moment)
	after, err := Machine()
	return (after - before) / moment.Seconds(), err
}

// Machine is the processor time that all programs have used, in seconds.
func Machine() (float64, error) {
	data, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(string(data), "\n")
	fields := strings.Fields(line) // cpu user nice system idle iowait irq softirq steal …
	if len(fields) < 9 {
		return 0, errors.New("/proc/stat is too short")
	}
	total := 0.0
	for i, f := range fields[1:9] {
		if i == 3 || i == 4 {
			continue
		}
		v, err := strconv.ParseFloat(f, 64)
		if err != nil {
			return 0, err
		}
		total += v
	}
	return total / ticksPerSecond, nil
}

// Process is the processor time that a process has used, in seconds.
func Process(pid int) (float64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(data), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, errors.New("/proc/PID/stat is too short")
	}
	user, err := strconv.ParseFloat(fields[11], 64)
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseFloat(fields[12], 64)
	return (user + system) / ticksPerSecond, err
}
