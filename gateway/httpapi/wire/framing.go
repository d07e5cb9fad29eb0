package wire

import "bytes"

// framing counts the lines of a head that say how long the body is, on their
// way to the HTTP library. Two such lines are ambiguous, and the library would
// wait for a body before a handler could refuse the request. A head that comes
// in one piece with the request before is not seen here; the handler checks
// it.
type framing struct {
	inside bool
	line   []byte // how the line begins, as far as it matters
	lines  int    // that say a length
}

const longestName = len("Transfer-Encoding:")

// begin follows a new head.
func (f *framing) begin() { f.inside, f.line, f.lines = true, f.line[:0], 0 }

// ambiguous reports whether these bytes of the head bring a second length.
func (f *framing) ambiguous(p []byte) bool {
	for f.inside && len(p) > 0 {
		rest, after, ended := bytes.Cut(p, []byte("\n"))
		f.line = append(f.line, rest[:min(len(rest), longestName-len(f.line))]...)
		p = after
		if ended {
			f.end()
		}
	}
	return f.lines > 1
}

// end counts a whole line. An empty one ends the head.
func (f *framing) end() {
	name, _, named := bytes.Cut(f.line, []byte(":"))
	switch {
	case len(bytes.TrimSuffix(f.line, []byte("\r"))) == 0:
		f.inside = false
	case named && (bytes.EqualFold(name, []byte("Content-Length")) || bytes.EqualFold(name, []byte("Transfer-Encoding"))):
		f.lines++
	}
	f.line = f.line[:0]
}
