package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what a caller can do about a failure.
type Kind uint8

// The kinds. The zero value is Internal: a failure that nobody classified is
// our own mistake.
const (
	Internal        Kind = iota // a bug or a broken invariant; do not retry blindly
	Invalid                     // the request cannot be read: shape, syntax, type
	Unprocessable               // the request reads well but is refused: range, content, consent
	Unauthenticated             // no good token
	Forbidden                   // a good signature is missing, expired or bound to something else
	NotFound                    // no such thing, or not yours
	Gone                        // it was there and will not come back
	Conflict                    // the state does not allow this step now
	TooLarge                    // more bytes or pixels than allowed
	Unsupported                 // a media type that is not accepted
	Limited                     // a quota or rate limit; RetryAfter says when to return
	Challenge                   // a proof of work is asked for first
	Unavailable                 // temporarily not possible; retry later
	Timeout                     // the deadline passed, the effect may or may not have happened
	Canceled                    // the caller gave up
)

var kindNames = [...]string{
	"internal", "invalid", "unprocessable", "unauthenticated", "forbidden", "not_found", "gone", "conflict",
	"too_large", "unsupported", "limited", "challenge", "unavailable", "timeout", "canceled",
}

// String returns the kind's snake_case name, as it appears in logs, metrics
// and on the wire.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "internal"
}

// ParseKind is the inverse of String; unknown names are Internal, so that a
// newer peer's kinds stay safe here.
func ParseKind(name string) Kind {
	for i, n := range kindNames {
		if n == name {
			return Kind(i)
		}
	}
	return Internal
}

// Violation is one faulty field of a request.
type Violation struct {
	Pointer string    `json:"pointer"` // JSON pointer (RFC 6901) into the body, or the name of a query parameter
	Code    FieldCode `json:"code"`
	Detail  string    `json:"detail"` // English, for developers
}

// ParamSHA256 is the parameter that names the bytes which a failure is about.
const ParamSHA256 = "sha256"

// Fault is a classified failure. Its code decides its kind; only what a newer
// peer sent has a code that no table knows. Err is for logs only and never
// leaves the process.
type Fault struct {
	Kind       Kind
	Code       Code
	Params     map[string]string // values for the sentence shown to users
	RetryAfter time.Duration     // > 0 with Limited and Unavailable
	ResetsAt   time.Time         // when a quota resets, zero if it does not
	Violations []Violation
	Err        error
}

// New makes a fault without a cause.
func New(code Code) *Fault { return &Fault{Kind: code.Kind(), Code: code} }

// Wrap classifies err. It returns an error that is never nil.
func Wrap(code Code, err error) *Fault { return &Fault{Kind: code.Kind(), Code: code, Err: err} }

// Error is written for logs, not for users.
func (f *Fault) Error() string {
	s := f.Kind.String() + ": " + string(f.Code)
	for _, v := range f.Violations {
		s += fmt.Sprintf(" [%s %s]", v.Pointer, v.Code)
	}
	if f.Err != nil {
		s += ": " + f.Err.Error()
	}
	return s
}

// Retryable reports whether the same request may succeed later.
func (f *Fault) Retryable() bool {
	if f.Code.Known() {
		return f.Code.Retryable()
	}
	switch f.Kind { // a newer peer's code
	case Limited, Unavailable, Timeout, Canceled, Challenge:
		return true
	default:
		return false
	}
}

// Unwrap gives the cause.
func (f *Fault) Unwrap() error { return f.Err }

// Is reports whether target is a fault with the same code, so that
// errors.Is(err, fault.New(code)) works.
func (f *Fault) Is(target error) bool {
	t, ok := target.(*Fault)
	return ok && t.Code == f.Code
}

// With returns a copy that carries a value for the user's sentence.
func (f *Fault) With(name, value string) *Fault {
	g := *f
	g.Params = make(map[string]string, len(f.Params)+1)
	for k, v := range f.Params {
		g.Params[k] = v
	}
	g.Params[name] = value
	return &g
}

// After returns a copy that tells the caller when to come back.
func (f *Fault) After(d time.Duration) *Fault {
	g := *f
	g.RetryAfter = d
	return &g
}

// At returns a copy of f that faults the field at a JSON pointer.
func (f *Fault) At(pointer string, code FieldCode, detail string) *Fault {
	g := *f
	g.Violations = append(append([]Violation(nil), f.Violations...), Violation{Pointer: pointer, Code: code, Detail: detail})
	return &g
}

// As returns the first Fault in err's chain, or an Internal one around err.
// It returns nil for a nil error.
func As(err error) *Fault {
	if err == nil {
		return nil
	}
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	return Wrap(InternalError, err)
}

// KindOf returns the kind of err, Internal when nobody classified it.
func KindOf(err error) Kind { return As(err).kind() }

// CodeOf returns the code of err, "internal" when nobody classified it and
// "" for a nil error.
func CodeOf(err error) Code {
	if f := As(err); f != nil {
		return f.Code
	}
	return ""
}

func (f *Fault) kind() Kind {
	if f == nil {
		return Internal
	}
	return f.Kind
}
