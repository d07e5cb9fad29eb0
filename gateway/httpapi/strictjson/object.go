package strictjson

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// Object hands out the fields of one JSON object and remembers which were
// asked for. A field that is null counts as not given. After the last field,
// Err reports everything that was wrong.
type Object struct {
	value      *value
	at         string
	asked      []string
	children   []*Object
	violations *[]fault.Violation // shared by the whole body
}

// Need says whether a field may be missing.
type Need bool

// The two needs.
const (
	Optional Need = false
	Required Need = true
)

func (o *Object) fault(pointer string, code fault.FieldCode, detail string) {
	*o.violations = append(*o.violations, fault.Violation{Pointer: pointer, Code: code, Detail: detail})
}

// Pointer is the JSON pointer of a field of this object.
func (o *Object) Pointer(name string) string { return o.at + "/" + escape(name) }

// Wrong reports that a field was readable but has a shape that no type of this
// package describes.
func (o *Object) Wrong(name, detail string) { o.fault(o.Pointer(name), fault.FieldWrongType, detail) }

func (o *Object) find(name string, need Need) *value {
	o.asked = append(o.asked, name)
	for i, n := range o.value.names {
		if n == name {
			if v := o.value.members[i]; v.kind != null {
				return v
			}
			break
		}
	}
	if need == Required {
		o.fault(o.Pointer(name), fault.FieldRequired, "this field is required")
	}
	return nil
}

func (o *Object) typed(name string, need Need, want kind) *value {
	v := o.find(name, need)
	if v == nil || v.kind == want {
		return v
	}
	o.Wrong(name, "must be "+want.named()+", is "+v.kind.named())
	return nil
}

// String reads a string, "" when it is not given. A required string must not
// be empty.
func (o *Object) String(name string, need Need) string {
	v := o.typed(name, need, text)
	if v == nil {
		return ""
	}
	if need == Required && v.text == "" {
		o.fault(o.Pointer(name), fault.FieldRequired, "this field must not be empty")
	}
	return v.text
}

// StringPtr reads a string, nil when it is not given.
func (o *Object) StringPtr(name string) *string {
	if v := o.typed(name, Optional, text); v != nil {
		return &v.text
	}
	return nil
}

// Int reads a whole number, nil when it is not given. One beyond 64 bits is
// the largest there is.
func (o *Object) Int(name string, need Need) *int64 {
	v := o.typed(name, need, number)
	if v == nil {
		return nil
	}
	n, whole := wholeNumber(v.text)
	if !whole {
		o.Wrong(name, "must be a whole number")
		return nil
	}
	return &n
}

// wholeNumber reads a literal such as 100, 100.0 or 1e2, which are the same
// number in JSON. One beyond 64 bits is as good as the largest: it is out of
// every range, and for the caller to refuse.
func wholeNumber(literal string) (int64, bool) {
	n, err := strconv.ParseInt(literal, 10, 64)
	if err == nil || errors.Is(err, strconv.ErrRange) {
		return n, true
	}
	f, err := strconv.ParseFloat(literal, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, false
	}
	return int64(f), true
}

// Float reads a number, nil when it is not given.
func (o *Object) Float(name string) *float64 {
	v := o.typed(name, Optional, number)
	if v == nil {
		return nil
	}
	f, err := strconv.ParseFloat(v.text, 64)
	if err != nil {
		o.Wrong(name, "must be a number that fits 64 bits")
		return nil
	}
	return &f
}

// Object reads a nested object, nil when it is not given. Its violations are
// reported by the Err of the outermost object.
func (o *Object) Object(name string) *Object {
	v := o.typed(name, Optional, object)
	if v == nil {
		return nil
	}
	child := &Object{value: v, at: o.Pointer(name), violations: o.violations}
	o.children = append(o.children, child)
	return child
}

// Kind says what a field holds, without reading it: "null" when it is not
// given. It is for fields that may have one of several types.
func (o *Object) Kind(name string) string {
	for i, n := range o.value.names {
		if n == name {
			return o.value.members[i].kind.String()
		}
	}
	return null.String()
}

// Bool reads a boolean, nil when it is not given.
func (o *Object) Bool(name string) *bool {
	if v := o.typed(name, Optional, boolean); v != nil {
		return &v.truth
	}
	return nil
}

// Err is nil when every field that was asked for was good and no other was
// given; else one Invalid fault with all violations.
func (o *Object) Err() error {
	o.unknown()
	if len(*o.violations) == 0 {
		return nil
	}
	f := fault.New(fault.InvalidRequest)
	f.Violations = *o.violations
	return f
}

func (o *Object) unknown() {
	asked := "\x00" + strings.Join(o.asked, "\x00") + "\x00"
	for _, n := range o.value.names {
		if !strings.Contains(asked, "\x00"+n+"\x00") {
			o.fault(o.Pointer(n), fault.FieldUnknownField, "this field is not known here")
		}
	}
	for _, child := range o.children {
		child.unknown()
	}
}
