package secret

import (
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
// secret that cannot be opened, named by its key.
func (r Resolver) Open(ctx context.Context, list []Named) (Opened, error) {
	o := Opened{values: make(map[*string]Value, len(list))}
	var faults []error
	for _, n := range list {
		v, err := r.Resolve(ctx, n.Ref)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", n.Key, err))
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
