package fault

// Code names one failure: stable snake_case. It stands in exactly one of the
// tables public, operators and inside, which say its kind.
type Code string

// Kind is the kind of every fault with this code. A code that no table knows
// came from a newer peer, which sends its kind along; alone it is Internal.
func (c Code) Kind() Kind {
	if k, ok := public(c); ok {
		return k
	}
	if k, ok := operators(c); ok {
		return k
	}
	k, _ := inside(c)
	return k
}

// Retryable reports whether the same request may succeed later.
func (c Code) Retryable() bool { return c.Kind().Retryable() }

// Public reports whether clients may see this code.
func (c Code) Public() bool {
	_, ok := public(c)
	return ok
}
