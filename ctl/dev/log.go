package dev

import (
	"bytes"
	"fmt"
	"io"
	"sync"
)

// maxLine bounds a line of a child that never ends one.
const maxLine = 64 << 10

// log writes the lines of all children to one stream, each whole and with its
// writer's name before it.
type log struct {
	mu     sync.Mutex
	w      io.Writer
	colour bool
	width  int // of the longest name
}

// prefixed is the stream of one child.
type prefixed struct {
	log    *log
	prefix string
	mu     sync.Mutex
	rest   []byte // a line that is not whole yet
}

// stream makes the stream of the nth child.
func (l *log) stream(n int, name string) *prefixed {
	p := fmt.Sprintf("%-*s │ ", l.width, name)
	if l.colour {
		p = fmt.Sprintf("\x1b[3%dm%s\x1b[0m", 1+(n+1)%6, p)
	}
	return &prefixed{log: l, prefix: p}
}

// say writes a line of our own.
func (l *log) say(format string, args ...any) {
	l.write(fmt.Appendf(nil, format+"\n", args...))
}

func (l *log) write(b []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = l.w.Write(b)
}

// Write passes whole lines on. It never fails: a child must not die because
// nobody reads.
func (p *prefixed) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rest = append(p.rest, b...)
	var out []byte
	for {
		i := bytes.IndexByte(p.rest, '\n')
		if i < 0 && len(p.rest) < maxLine {
			break
		}
		if i < 0 {
			i = len(p.rest)
		}
		out = append(append(append(out, p.prefix...), p.rest[:i]...), '\n')
		p.rest = p.rest[min(i+1, len(p.rest)):]
	}
	if len(out) > 0 {
		p.log.write(out)
	}
	return len(b), nil
}
