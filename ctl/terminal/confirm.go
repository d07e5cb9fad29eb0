package terminal

import (
	"bufio"
	"errors"
	"fmt"
	"strings"
)

// ErrDeclined is what a person said to a question.
var ErrDeclined = errors.New("nothing was changed")

// ErrNoTerminal says that nobody could be asked.
var ErrNoTerminal = errors.New("nobody can be asked here: give --yes to confirm, or --dry-run to look first")

// Confirm asks a person whether to go on. Only a clear yes is one.
func (s *Streams) Confirm(question string) error {
	if !s.Asks {
		return fmt.Errorf("%s %w", question, ErrNoTerminal)
	}
	if _, err := fmt.Fprintf(s.Err, "%s [y/N] ", question); err != nil {
		return err
	}
	line, err := bufio.NewReader(s.In).ReadString('\n')
	if err != nil && line == "" {
		return ErrDeclined
	}
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return nil
	default:
		return ErrDeclined
	}
}
