package secret

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Where references lead.
const (
	inEnvironment = "env"
	inFile        = "file"
	inCSMS        = "csms"
	inKMS         = "kms"
)

// Ref is a secret as the configuration has it: a reference ("env:NAME",
// "file:PATH"), or the secret itself, which prod refuses. Only a Resolver
// opens it.
type Ref struct {
	hidden

	address bool // only a part of it may be secret, see URL
}

// NewRef is what a configuration would read from text.
func NewRef(text string) Ref { return Ref{hidden: hide(text)} }

// UnmarshalText keeps the reference. Its errors say nothing of what it was.
func (r *Ref) UnmarshalText(text []byte) error {
	s := string(text)
	if s == mask {
		return errors.New("is " + mask + ", which stands for a secret where one is shown; give the secret or a reference to it")
	}
	scheme, _, ok := strings.Cut(s, ":")
	if low := strings.ToLower(strings.TrimSpace(scheme)); ok && scheme != low && isScheme(low) {
		return fmt.Errorf("looks like a reference, which begins with %s: in lower case", low)
	}
	*r = NewRef(s)
	return nil
}

func isScheme(s string) bool {
	return slices.Contains([]string{inEnvironment, inFile, inCSMS, inKMS}, s)
}

// Literal reports whether the configuration holds the secret itself.
func (r Ref) Literal() bool {
	if r.Empty() || r.reference() {
		return false
	}
	return !r.address || strings.Contains(r.show(), "@")
}

func (r Ref) reference() bool {
	scheme, _, ok := strings.Cut(r.show(), ":")
	return ok && isScheme(scheme)
}
