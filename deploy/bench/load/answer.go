package load

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// maxAnswerBytes bounds a body; a task document has about one kilobyte.
const maxAnswerBytes = 1 << 20

const noContent = 204

var errAnswer = errors.New("an answer that cannot be read")

// answer is what an HTTP/1.1 response said. body is only good until the next
// read.
type answer struct {
	status   int
	location bool
	target   string // of the Location, when the reader keeps it
	body     []byte
}

// reader reads responses from one connection.
type reader struct {
	r     *bufio.Reader
	body  []byte
	keeps bool // the Location
}

func newReader(r io.Reader) *reader { return &reader{r: bufio.NewReaderSize(r, 8<<10)} }

func (r *reader) next() (a answer, err error) {
	line, err := r.r.ReadSlice('\n')
	if err != nil {
		return a, err
	}
	if len(line) < len("HTTP/1.1 200") || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return a, fmt.Errorf("%w: begins with %q", errAnswer, line)
	}
	if a.status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return a, fmt.Errorf("%w: %w", errAnswer, err)
	}
	length := -1
	for {
		line, err := r.r.ReadSlice('\n')
		if err != nil {
			return a, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return a, fmt.Errorf("%w: %w", errAnswer, err)
			}
		case bytes.EqualFold(name, []byte("Location")):
			a.location = len(bytes.TrimSpace(value)) > 0
			if r.keeps {
				a.target = string(bytes.TrimSpace(value))
			}
		}
	}
	if length < 0 && a.status == noContent {
		length = 0
	}
	if length < 0 || length > maxAnswerBytes {
		return a, fmt.Errorf("%w: Content-Length is %d", errAnswer, length)
	}
	if cap(r.body) < length {
		r.body = make([]byte, length)
	}
	a.body = r.body[:length]
	_, err = io.ReadFull(r.r, a.body)
	return a, err
}

// field finds a string member of a JSON document. It takes the first one of
// that name, which is the document's own in the answers we read.
func field(doc []byte, name string) (string, bool) {
	_, rest, found := bytes.Cut(doc, []byte(`"`+name+`":"`))
	if !found {
		return "", false
	}
	value, _, found := bytes.Cut(rest, []byte(`"`))
	return string(value), found
}
