package secret

import (
	"cmp"
	"context"
	"errors"
	"fmt"
)

// Named is a secret under the key that the operator wrote.
type Named struct {
	Key string
	Ref Ref
}

// Opened are the secrets of one configuration.
type Opened struct{ values map[*string]Value }

// Open resolves all of a program's secrets. Its error has a fault for every
// secret that cannot be opened, named by its key; the others are open.
func (r Resolver) Open(ctx context.Context, list []Named) (Opened, error) {
	o := Opened{values: make(map[*string]Value, len(list))}
	var faults []error
	for _, n := range list {
		v, err := r.Resolve(ctx, n.Ref)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", n.Key, cmp.Or(errors.Unwrap(err), err))) // without its code: an operator reads it
			continue
		}
		o.values[n.Ref.text] = v
	}
	return o, errors.Join(faults...)
}

// Value is what a reference of the configuration led to. It panics for one
// that was not opened: an empty secret in its place would let everybody in.
func (o Opened) Value(r Ref) Value {
	if r.Empty() {
		return Value{}
	}
	v, ok := o.values[r.text]
	if !ok {
		panic("secret: a reference was not opened")
	}
	return v
}

// Given is Value, and Sealed for what could not be opened: whoever judges a
// configuration still judges the rest of it.
func (o Opened) Given(r Ref) Value {
	if v, ok := o.values[r.text]; ok || r.Empty() {
		return v
	}
	return Sealed(r)
}
