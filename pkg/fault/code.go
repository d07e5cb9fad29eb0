package fault

// Code names one failure: stable snake_case. Each code stands in one row of the
// tables in public.go, operators.go and inside.go, so that it has one kind. Its
// sentence goes by the same name.
type Code string

// FieldCode says what is wrong with one field of a request: stable
// snake_case.
type FieldCode string

// row is what follows from a code.
type row struct {
	kind      Kind
	retryable bool
}

const (
	final = false // the same request will fail again
	again = true  // the same request may succeed later
)

// Kind is the kind of every fault with this code. A code that no table knows
// came from a newer peer, which sends its kind along; alone it is Internal.
func (c Code) Kind() Kind {
	r, _ := c.row()
	return r.kind
}

// Retryable reports whether the same request may succeed later.
func (c Code) Retryable() bool {
	r, _ := c.row()
	return r.retryable
}

// Known reports whether a table has this code.
func (c Code) Known() bool {
	_, known := c.row()
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

func (c Code) row() (row, bool) {
	if r, known := public(c); known {
		return r, true
	}
	if r, known := operators(c); known {
		return r, true
	}
	return inside(c)
}
