package strictjson

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/bytedance/sonic/ast"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

const (
	maxDepth  = 8   // of nested objects and arrays
	maxValues = 512 // in one body
)

type kind uint8

const (
	null kind = iota
	boolean
	number
	text
	object
	array
)

func (k kind) String() string {
	return [...]string{"null", "boolean", "number", "string", "object", "array"}[k]
}

// named is the kind with its article, for a sentence.
func (k kind) named() string {
	switch k {
	case null:
		return "null"
	case object, array:
		return "an " + k.String()
	default:
		return "a " + k.String()
	}
}

// value is one node of a parsed body.
type value struct {
	kind    kind
	truth   bool
	text    string // of a string, or the literal of a number
	names   []string
	members []*value // of an object in the order of names, or of an array
}

// builder receives the parser's callbacks and grows the tree.
type builder struct {
	root  *value
	open  []*value
	count int
}

var (
	errDeep      = errors.New("too deep")
	errMany      = errors.New("too many values")
	errDuplicate = errors.New("duplicate key")
)

func (b *builder) add(v *value) error {
	if b.count++; b.count > maxValues {
		return errMany
	}
	if len(b.open) == 0 {
		b.root = v
	} else {
		top := b.open[len(b.open)-1]
		top.members = append(top.members, v)
	}
	return nil
}

func (b *builder) push(v *value) error {
	if err := b.add(v); err != nil {
		return err
	}
	if b.open = append(b.open, v); len(b.open) > maxDepth {
		return errDeep
	}
	return nil
}

func (b *builder) pop() error { b.open = b.open[:len(b.open)-1]; return nil }

func (b *builder) OnNull() error           { return b.add(&value{kind: null}) }
func (b *builder) OnBool(v bool) error     { return b.add(&value{kind: boolean, truth: v}) }
func (b *builder) OnString(s string) error { return b.add(&value{kind: text, text: strings.Clone(s)}) }
func (b *builder) OnInt64(_ int64, n json.Number) error {
	return b.add(&value{kind: number, text: strings.Clone(n.String())})
}
func (b *builder) OnFloat64(_ float64, n json.Number) error {
	return b.add(&value{kind: number, text: strings.Clone(n.String())})
}
func (b *builder) OnObjectBegin(int) error { return b.push(&value{kind: object}) }
func (b *builder) OnArrayBegin(int) error  { return b.push(&value{kind: array}) }
func (b *builder) OnObjectEnd() error      { return b.pop() }
func (b *builder) OnArrayEnd() error       { return b.pop() }

func (b *builder) OnObjectKey(key string) error {
	top := b.open[len(b.open)-1]
	for _, n := range top.names {
		if n == key {
			return errDuplicate
		}
	}
	top.names = append(top.names, strings.Clone(key))
	return nil
}

// pointer says where the builder stands, with last as the final step.
func (b *builder) pointer(last string) string {
	var p strings.Builder
	for _, v := range b.open[:max(len(b.open)-1, 0)] {
		if v.kind == object {
			p.WriteString("/" + escape(v.names[len(v.names)-1]))
		} else {
			p.WriteString("/" + strconv.Itoa(len(v.members)-1))
		}
	}
	return p.String() + last
}

// Parse reads body, which must be one JSON object, or nothing at all, which
// reads as an empty object. Its faults are Invalid.
func Parse(body []byte) (*Object, error) {
	bad := fault.New(fault.InvalidJSON)
	if len(body) == 0 {
		return &Object{value: &value{kind: object}, violations: new([]fault.Violation)}, nil
	}
	if !utf8.Valid(body) {
		return nil, bad.At("", fault.FieldInvalidUTF8, "the body is not valid UTF-8")
	}
	if !json.Valid(body) { // sonic's visitor forgives trailing bytes and control characters
		return nil, bad.At("", fault.FieldSyntax, "the body is not one well-formed JSON value")
	}
	var b builder
	err := ast.Preorder(string(body), &b, &ast.VisitorOptions{OnlyNumber: true})
	switch {
	case errors.Is(err, errDuplicate):
		return nil, bad.At(b.pointer(""), fault.FieldDuplicateKey, "an object names the same key twice")
	case errors.Is(err, errDeep):
		return nil, bad.At(b.pointer(""), fault.FieldTooDeep, "the body is nested too deeply")
	case errors.Is(err, errMany):
		return nil, bad.At("", fault.FieldTooManyValues, "the body holds too many values")
	case err != nil:
		return nil, bad.At("", fault.FieldSyntax, "the body is not one well-formed JSON value")
	case b.root == nil || b.root.kind != object:
		return nil, bad.At("", fault.FieldWrongType, "the body must be a JSON object")
	}
	return &Object{value: b.root, violations: new([]fault.Violation)}, nil
}

// escape writes one step of a JSON pointer (RFC 6901).
func escape(step string) string {
	return strings.ReplaceAll(strings.ReplaceAll(step, "~", "~0"), "/", "~1")
}
