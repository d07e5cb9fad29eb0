package shanghai

import (
	"testing"
	"time"
)

func TestADayBeginsAtMidnightInChina(t *testing.T) {
	t.Parallel()
	midnight := time.Date(2026, 2, 28, 16, 0, 0, 0, time.UTC) // 1 March in China
	for name, c := range map[string]struct {
		at          time.Time
		day         string
		begin, next time.Time
	}{
		"the last moment":  {midnight.Add(-1), "20260228", midnight.Add(-24 * time.Hour), midnight},
		"midnight":         {midnight, "20260301", midnight, midnight.Add(24 * time.Hour)},
		"the next evening": {midnight.Add(20 * time.Hour), "20260301", midnight, midnight.Add(24 * time.Hour)},
	} {
		if day, begin, next := Day(c.at), Midnight(c.at), NextMidnight(c.at); day != c.day || !begin.Equal(c.begin) || !next.Equal(c.next) {
			t.Errorf("%s: day %s from %v to %v", name, day, begin, next)
		}
		if first := time.Unix(DayNumber(c.at)*24*60*60, 0).UTC().Format("20060102"); first != c.day {
			t.Errorf("%s: day number %d is %s", name, DayNumber(c.at), first)
		}
	}
}
