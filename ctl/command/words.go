package command

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/pkg/limit"
)

// minute is clock without seconds, and without the year when that is now's.
func minute(t, now time.Time) string {
	if t.Local().Year() == now.Local().Year() {
		return t.Local().Format("01-02 15:04")
	}
	return t.Local().Format("2006-01-02 15:04")
}

// parseMoment reads a moment as people write it: in their own time, or with a
// zone as RFC 3339 says. A time without a date is today.
func parseMoment(s string, now time.Time) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	if t, err := time.ParseInLocation("2006-01-02 15:04", s, time.Local); err == nil {
		return t, nil
	}
	if t, err := time.ParseInLocation("2006-01-02 15:04", now.Local().Format("2006-01-02 ")+s, time.Local); err == nil {
		return t, nil
	}
	return time.Time{}, fmt.Errorf("must be \"2026-11-28 10:00\", \"10:00\" or RFC 3339, is %q", s)
}

// age shows how long something takes or took, in two digits or so.
func age(d time.Duration) string {
	switch d = max(0, d); {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.0fs", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	default:
		return fmt.Sprintf("%dd", int(d.Hours())/24)
	}
}

// limitText shows the value of a limit as people say it.
func limitText(key string, v int64) string {
	l, _ := limit.Find(key)
	switch {
	case v == 0:
		return "off"
	case l.Unit == limit.Bytes:
		return bytesText(v)
	case l.Unit == limit.Pixels && v%1_000_000 == 0:
		return fmt.Sprintf("%d MP", v/1_000_000)
	case l.Unit == limit.Fen:
		return fmt.Sprintf("%d fen", v)
	default:
		return strconv.FormatInt(v, 10)
	}
}

func bytesText(v int64) string {
	for i, unit := range []string{"B", "KiB", "MiB", "GiB", "TiB"} {
		if scaled := v >> (10 * i); scaled < 1024 || i == 4 {
			if scaled<<(10*i) == v {
				return fmt.Sprintf("%d %s", scaled, unit)
			}
			return fmt.Sprintf("%.1f %s", float64(v)/float64(int64(1)<<(10*i)), unit)
		}
	}
	return strconv.FormatInt(v, 10)
}

// parseLimit reads a number, a size such as 64MiB, pixels such as 100MP, or
// "off".
func parseLimit(s string) (int64, error) {
	if s == "off" {
		return 0, nil
	}
	cut := strings.LastIndexAny(s, "0123456789") + 1
	number, unit := s[:cut], strings.ToUpper(strings.TrimSpace(s[cut:]))
	scale, ok := map[string]int64{
		"": 1, "B": 1, "K": 1 << 10, "KIB": 1 << 10, "M": 1 << 20, "MIB": 1 << 20, "G": 1 << 30, "GIB": 1 << 30, "MP": 1_000_000,
	}[unit]
	v, err := strconv.ParseInt(strings.ReplaceAll(number, ",", ""), 10, 64)
	if err != nil || !ok || v < 0 || v > (1<<62)/scale {
		return 0, fmt.Errorf("must be a number, a size such as 64MiB, or off, is %q", s)
	}
	return v * scale, nil
}

// said writes a value, or what stands for one that there is not.
func said[T any](v *T, none string, write func(T) string) string {
	if v == nil {
		return none
	}
	return write(*v)
}
