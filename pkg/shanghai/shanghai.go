package shanghai

import "time"

// In seconds.
const (
	offset = 8 * 60 * 60
	day    = 24 * 60 * 60
)

// Zone is China's time zone. China has no summer time, so a fixed zone is
// right and needs no file.
func Zone() *time.Location { return time.FixedZone("Asia/Shanghai", offset) }

// Day names the day of a moment: yyyymmdd.
func Day(t time.Time) string { return time.Unix(t.Unix()+offset, 0).UTC().Format("20060102") }

// DayNumber counts the days since 1970.
func DayNumber(t time.Time) int64 { return (t.Unix() + offset) / day }

// Midnight is when the day of a moment began.
func Midnight(t time.Time) time.Time { return time.Unix(DayNumber(t)*day-offset, 0).UTC() }

// NextMidnight is when the day of a moment ends.
func NextMidnight(t time.Time) time.Time { return Midnight(t).Add(24 * time.Hour) }
