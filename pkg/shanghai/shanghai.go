package shanghai

import "time"

// Zone is China's time zone. China has no summer time, so a fixed zone is
// right and needs no file.
func Zone() *time.Location { return time.FixedZone("Asia/Shanghai", 8*60*60) }

// Day names the day of a moment: yyyymmdd.
func Day(t time.Time) string { return t.In(Zone()).Format("20060102") }

// Midnight is when the day of a moment began.
func Midnight(t time.Time) time.Time {
	y, m, d := t.In(Zone()).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, Zone()).UTC()
}

// NextMidnight is when the day of a moment ends.
func NextMidnight(t time.Time) time.Time { return Midnight(t).Add(24 * time.Hour) }
