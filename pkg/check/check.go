// Package check collects what is wrong with a configuration, so that its owner
// hears of everything at once.
package check

import (
	"errors"
	"fmt"
)

// Faults are what is wrong. The zero value holds none.
type Faults struct{ all []error }

// If adds a fault when something is wrong.
func (f *Faults) If(wrong bool, format string, args ...any) {
	if wrong {
		f.Say(format, args...)
	}
}

// Say adds a fault.
func (f *Faults) Say(format string, args ...any) { f.Add(fmt.Errorf(format, args...)) }

// Add adds what somebody else found; nil is no fault.
func (f *Faults) Add(errs ...error) { f.all = append(f.all, errs...) }

// Err is all faults as one error, or nil.
func (f *Faults) Err() error { return errors.Join(f.all...) }
