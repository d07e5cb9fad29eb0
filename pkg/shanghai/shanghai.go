package shanghai

import "time"

const offset = 8 * 60 * 60 // seconds

// Zone is China's time zone. China has no summer time, so a fixed zone is
// right and needs no file.
func Zone() *time.Location { return time.FixedZone("Asia/Shanghai", offset) }

// Day names the day of a moment: yyyymmdd.
func Day(t time.Time) string { return t.In(Zone()).Format("20060102") }

// DayNumber counts the days since 1970.
func DayNumber(t time.Time) int64 { return (t.Unix() + offset) / (24 * 60 * 60) }

// Midnight is when the day of a moment began.
func Midnight(t time.Time) time.Time {
	y, m, d := t.In(Zone()).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, Zone()).UTC()
}

// NextMidnight is when the day of a moment ends.
func NextMidnight(t time.Time) time.Time { return Midnight(t).Add(24 * time.Hour) }
