package moderation

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// maxWordsFile bounds the operator's file: a longer one is a mistake.
const maxWordsFile = 1 << 20

// CheckFiles reads the file of words and says what is wrong with it.
func (c Config) CheckFiles() error {
	_, err := c.fromFile()
	return err
}

// all gives the built-in and the operator's words.
func (c Config) all() ([]string, error) {
	own, err := c.fromFile()
	return append(append(parse(builtin), c.Words...), own...), err
}

// fromFile gives the words of wordsFile. Its error is a fault.WordsFileInvalid.
func (c Config) fromFile() ([]string, error) {
	if c.WordsFile == "" {
		return nil, nil
	}
	text, err := readWords(c.WordsFile)
	if err == nil {
		err = plainWords(text)
	}
	if err != nil {
		return nil, fmt.Errorf("moderation.wordsFile: %w", fault.Wrap(fault.WordsFileInvalid, err))
	}
	return parse(text), nil
}

// readWords reads one byte more than a file may have, also from a device.
func readWords(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, maxWordsFile+1))
	switch {
	case err != nil:
		return "", err
	case len(b) > maxWordsFile:
		return "", fmt.Errorf("%s: is larger than 1 MiB", name)
	case !utf8.Valid(b) || bytes.ContainsRune(b, 0):
		return "", fmt.Errorf("%s: is no text in UTF-8", name)
	}
	return strings.TrimPrefix(string(b), "\ufeff"), nil
}

// plainWords refuses lines without a letter: such a word would be in every
// text, or in none.
func plainWords(text string) error {
	var empty []string
	n := 0
	for line := range strings.Lines(text) {
		n++
		for _, word := range parse(line) {
			if squeezed(word) == "" {
				empty = append(empty, strconv.Itoa(n))
			}
		}
	}
	if len(empty) > 0 {
		return fmt.Errorf("no letter in line %s", strings.Join(empty, ", "))
	}
	return nil
}

// parse reads one word a line.
func parse(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}
