package terminal

import (
	"io"
	"os"

	"golang.org/x/term"
)

// Streams are the three streams of a command. Data goes to Out, words for
// people to Err.
type Streams struct {
	In     io.Reader
	Out    io.Writer
	Err    io.Writer
	Asks   bool       // a person can be asked: In and Err are a terminal
	OutTTY bool       // Out is a terminal
	ErrTTY bool       // Err is a terminal
	Colour bool       // the person wants colours
	Width  func() int // columns of the terminal, 0 when there is none
}

// System are the streams of this process. NO_COLOR and TERM=dumb turn colours
// off.
func System(getenv func(string) string) *Streams {
	in, out, err := isTerminal(os.Stdin), isTerminal(os.Stdout), isTerminal(os.Stderr)
	return &Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		Asks: in && err, OutTTY: out, ErrTTY: err,
		Colour: getenv("NO_COLOR") == "" && getenv("TERM") != "dumb",
		Width:  func() int { return width(os.Stdout, os.Stderr) },
	}
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

func width(files ...*os.File) int {
	for _, f := range files {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			return w
		}
	}
	return 0
}
