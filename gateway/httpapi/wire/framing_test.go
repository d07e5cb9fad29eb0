package wire

import (
	"bytes"
	"io"
	"slices"
	"testing"
)

func TestASecondLengthIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	l := listen(t, Defaults())
	for head, refused := range map[string]bool{
		"POST / HTTP/1.1\r\nContent-Length: 4\r\ncontent-length: 50\r\n\r\nabcd":               true,
		"POST / HTTP/1.1\nContent-Length: 4\nTransfer-Encoding: chunked\n\n":                   true,
		"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\n\nContent-Length: 1\r\nContent-Length: 2": false, // that is the body
		"POST / HTTP/1.1\r\nContent-Length: 4\r\nX-Content-Length: 5\r\n\r\nabcd":              false,
		"POST / HTTP/1.1\r\nContent-Length: 4\r\nContent-Lengths: 5\r\n\r\nabcd":               false,
	} {
		c, client := pair(t, l)
		if _, err := client.Write([]byte(head)); err != nil {
			t.Fatal(err)
		}
		n, err := c.Read(make([]byte, 4096))
		if (n == 0 && err == io.EOF) != refused { //nolint:errorlint // exactly that one
			t.Errorf("%q: %d, %v", head, n, err)
		}
		if !refused {
			continue
		}
		if _, err := c.Write([]byte("HTTP/1.1 408 the library's\r\n\r\n")); err != nil {
			t.Errorf("the library's own answer: %v", err)
		}
		if got, _ := io.ReadAll(io.LimitReader(client, int64(len(ours)))); string(got) != ours {
			t.Errorf("%q is answered with %q", head, got)
		}
	}
}

func FuzzFraming(f *testing.F) {
	f.Add([]byte("POST / HTTP/1.1\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n"), uint8(3))
	f.Add([]byte("GET / HTTP/1.1\nTransfer-Encoding: chunked\n\nContent-Length: 5\nContent-Length: 5\n"), uint8(1))
	f.Fuzz(func(t *testing.T, head []byte, piece uint8) {
		var whole, pieces framing
		whole.begin()
		want := whole.ambiguous(head)
		pieces.begin()
		got := false
		for p := range slices.Chunk(head, max(1, int(piece))) {
			got = pieces.ambiguous(p) || got
		}
		if got != want || cap(pieces.line) > 4*longestName {
			t.Errorf("in pieces of %d: %v, want %v; %d bytes kept", piece, got, want, cap(pieces.line))
		}
		head, _, _ = bytes.Cut(head, []byte("\n\n"))
		lower := bytes.ToLower(head)
		lengths := bytes.Count(lower, []byte("content-length:")) + bytes.Count(lower, []byte("transfer-encoding:"))
		if want && lengths < 2 {
			t.Errorf("%q has %d lengths", head, lengths)
		}
	})
}
