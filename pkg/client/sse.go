package client

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"
)

// maxEventBytes bounds one event of a stream, so that a broken server cannot
// fill our memory.
const maxEventBytes = 1 << 20

var errEventTooLong = errors.New("event too long")

// Event is one event of a stream. Data is JSON.
type Event struct {
	ID   string
	Name string
	Data []byte
}

// Version is the id as the task's version, 0 when it is none.
func (e Event) Version() uint64 {
	v, _ := strconv.ParseUint(e.ID, 10, 64)
	return v
}

// Terminal reports whether nothing follows.
func (e Event) Terminal() bool {
	return e.Name == "succeeded" || e.Name == "failed" || e.Name == "canceled" || e.Name == "expired"
}

// decoder reads text/event-stream as the HTML standard describes it.
type decoder struct {
	r       *bufio.Reader
	afterCR bool // a LF right after belongs to the line before
	started bool
	lastID  string
	retry   time.Duration // the newest "retry:", 0 for none
	line    []byte
}

func newDecoder(r io.Reader) *decoder { return &decoder{r: bufio.NewReaderSize(r, 4096)} }

// next returns the next event that has data. An event cut off by the end of
// the stream is dropped, as the standard wants it.
func (d *decoder) next() (Event, error) {
	var e Event
	var data bytes.Buffer
	filled := false
	for {
		line, err := d.readLine()
		if err != nil {
			return Event{}, err
		}
		if len(line) == 0 {
			if !filled {
				e.Name = ""
				continue
			}
			if e.Name == "" {
				e.Name = "message"
			}
			e.ID, e.Data = d.lastID, bytes.TrimSuffix(data.Bytes(), []byte("\n"))
			return e, nil
		}
		field, value := split(line)
		switch field {
		case "event":
			e.Name = value
		case "data":
			filled = true
			data.WriteString(value)
			data.WriteByte('\n')
		case "id":
			if !strings.ContainsRune(value, 0) {
				d.lastID = value
			}
		case "retry":
			if ms, err := strconv.ParseUint(value, 10, 31); err == nil && value[0] != '+' {
				d.retry = time.Duration(ms) * time.Millisecond
			}
		}
		if data.Len() > maxEventBytes {
			return Event{}, errEventTooLong
		}
	}
}

// split cuts a line into field and value; a comment has the field "".
func split(line []byte) (field, value string) {
	name, rest, found := bytes.Cut(line, []byte(":"))
	if !found {
		return string(line), ""
	}
	return string(name), string(bytes.TrimPrefix(rest, []byte(" ")))
}

// readLine reads up to CR, LF or CRLF without waiting for what follows a CR.
func (d *decoder) readLine() ([]byte, error) {
	d.line = d.line[:0]
	for {
		c, err := d.r.ReadByte()
		if err != nil {
			return nil, err
		}
		skip := d.afterCR && c == '\n'
		d.afterCR = c == '\r'
		switch {
		case skip:
		case c == '\n' || c == '\r':
			return d.whole(), nil
		case len(d.line) >= maxEventBytes:
			return nil, errEventTooLong
		default:
			d.line = append(d.line, c)
		}
	}
}

// whole is the line read, without the byte order mark a stream may begin with.
func (d *decoder) whole() []byte {
	line := d.line
	if !d.started {
		line = bytes.TrimPrefix(line, []byte("\ufeff"))
	}
	d.started = true
	return line
}
