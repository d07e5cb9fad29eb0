package engine

import (
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// sayAgain is how often a warning of the server is repeated at most.
const sayAgain = 10 * time.Second

// serverLog writes the log of an engine's server into ours. The server reports
// one event once for each stream, and a fault for as long as it lasts: of all
// that it says in the same words, one line in sayAgain is written, with how
// many were left out. What it does by itself is for who debugs.
type serverLog struct {
	log    *slog.Logger
	failed atomic.Bool // the server cannot go on

	mu   sync.Mutex
	said map[string]*saying // by the words without the names in them
}

type saying struct {
	at      time.Time
	leftOut int
}

func newServerLog(log *slog.Logger) *serverLog {
	return &serverLog{log: log, said: map[string]*saying{}}
}

// Noticef is for what the server does by itself.
func (l *serverLog) Noticef(format string, v ...any) {
	l.log.Debug("engine server", "says", fmt.Sprintf(format, v...))
}

// Warnf is for what may become a fault.
func (l *serverLog) Warnf(format string, v ...any) { l.say(l.log.Warn, format, v) }

// Errorf is for faults.
func (l *serverLog) Errorf(format string, v ...any) { l.say(l.log.Error, format, v) }

// Fatalf is for faults after which the server does nothing more. A server of
// its own would end its process here.
func (l *serverLog) Fatalf(format string, v ...any) {
	l.failed.Store(true)
	l.say(l.log.Error, format, v)
}

// Debugf is never asked for.
func (l *serverLog) Debugf(string, ...any) {}

// Tracef is never asked for.
func (l *serverLog) Tracef(string, ...any) {}

func (l *serverLog) say(write func(string, ...any), format string, v []any) {
	leftOut, now := l.turn(format)
	if !now {
		return
	}
	facts := []any{"says", fmt.Sprintf(format, v...)}
	if leftOut > 0 {
		facts = append(facts, "like_it", leftOut)
	}
	write("engine server", facts...)
}

// turn reports whether these words are written now, and how many times they
// were not since they were last.
func (l *serverLog) turn(words string) (leftOut int, now bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, ok := l.said[words]
	if !ok {
		s = &saying{}
		l.said[words] = s
	} else if time.Since(s.at) < sayAgain {
		s.leftOut++
		return 0, false
	}
	leftOut, s.leftOut, s.at = s.leftOut, 0, time.Now()
	return leftOut, true
}
