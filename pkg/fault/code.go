package fault

// Code names one failure: stable snake_case. Each code stands in one of the
// tables in public.go, operators.go and inside.go, which says its kind, so that
// a code never has two.
type Code string

// FieldCode says what is wrong with one field of a request: stable
// snake_case.
type FieldCode string

// Kind is the kind of every fault with this code. A code that no table knows
// came from a newer peer, which sends its kind along; alone it is Internal.
func (c Code) Kind() Kind {
	k, _ := c.find()
	return k
}

// Retryable reports whether the same request may succeed later. Most codes
// follow their kind.
func (c Code) Retryable() bool {
	switch c {
	case BodyIncomplete, ChunkChecksumMismatch, RevisionConflict, UploadLocked:
		return true
	}
	return c.Kind().retryable()
}

// Known reports whether a table has this code.
func (c Code) Known() bool {
	_, known := c.find()
	return known
}

// Public reports whether clients may see this code. The OpenAPI document
// names exactly these.
func (c Code) Public() bool {
	_, known := public(c)
	return known
}

// Inside reports whether this code stays between our own processes and in
// their logs.
func (c Code) Inside() bool {
	_, known := inside(c)
	return known
}

func (c Code) find() (k Kind, known bool) {
	if k, known = public(c); known {
		return k, true
	}
	if k, known = operators(c); known {
		return k, true
	}
	return inside(c)
}
