package secret

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// ErrUnsupported is wrapped by references to stores that this build does not
// support.
var ErrUnsupported = errors.New("this kind of secret reference is not supported by this build")

// maxFile bounds a secret file: longer ones are a mistake.
const maxFile = 64 << 10

// Resolver says where references lead. The zero value knows no environment
// and reads real files.
type Resolver struct {
	Getenv   func(name string) string
	ReadFile func(name string) ([]byte, error)
}

// Resolve opens a reference, or takes a literal as it is. A reference to
// something missing or empty is an error: an empty secret would let everybody
// in. "csms:" and "kms:" are refused with ErrUnsupported. An empty ref is an
// empty secret. Errors name the reference, never a value.
func (r Resolver) Resolve(_ context.Context, ref Ref) (Value, error) {
	text := ref.show()
	if !ref.reference() {
		return New(text), nil
	}
	kind, name, _ := strings.Cut(text, ":")
	switch kind {
	case inEnvironment:
		return r.env(name)
	case inFile:
		return r.file(name)
	default:
		return Value{}, fault.Wrap(fault.SecretUnsupported, fmt.Errorf("%s: %w", kind, ErrUnsupported))
	}
}

func (r Resolver) env(name string) (Value, error) {
	if name == "" || r.Getenv == nil {
		return Value{}, missing("env:"+name, errors.New("no such variable"))
	}
	if v := r.Getenv(name); v != "" {
		return New(v), nil
	}
	return Value{}, missing("env:"+name, errors.New("the variable is not set or empty"))
}

func (r Resolver) file(name string) (Value, error) {
	read := r.ReadFile
	if read == nil {
		read = readFile
	}
	b, err := read(name)
	if err != nil {
		return Value{}, missing("file:"+name, err)
	}
	if len(b) > maxFile {
		return Value{}, missing("file:"+name, fmt.Errorf("longer than %d bytes", maxFile))
	}
	if v := strings.TrimRight(string(b), "\r\n"); v != "" {
		return New(v), nil
	}
	return Value{}, missing("file:"+name, errors.New("the file is empty"))
}

// readFile reads one byte more than a secret may have, also from a device.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, maxFile+1))
}

func missing(ref string, err error) error {
	return fault.Wrap(fault.SecretMissing, fmt.Errorf("%s: %w", ref, err))
}
