package secret

import (
	"context"
	"errors"
	"fmt"
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

// Resolve returns what ref names: "env:NAME", "file:PATH", or ref itself when
// it is a literal. A reference to something missing or empty is an error: an
// empty secret would let everybody in. "csms:" and "kms:" are refused with
// ErrUnsupported. An empty ref is an empty secret. Errors name the reference,
// never a value.
func Resolve(_ context.Context, ref string, r Resolver) (string, error) {
	kind, name, ok := strings.Cut(ref, ":")
	if !ok {
		return ref, nil
	}
	switch kind {
	case "env":
		return r.env(name)
	case "file":
		return r.file(name)
	case "csms", "kms":
		return "", fault.Wrap(fault.SecretUnsupported, fmt.Errorf("%s: %w", kind, ErrUnsupported))
	default:
		return ref, nil // a literal that has a colon, such as "SecretId:SecretKey"
	}
}

func (r Resolver) env(name string) (string, error) {
	if name == "" || r.Getenv == nil {
		return "", missing("env:"+name, errors.New("no such variable"))
	}
	if v := r.Getenv(name); v != "" {
		return v, nil
	}
	return "", missing("env:"+name, errors.New("the variable is not set or empty"))
}

func (r Resolver) file(name string) (string, error) {
	read := r.ReadFile
	if read == nil {
		read = os.ReadFile
	}
	b, err := read(name)
	if err != nil {
		return "", missing("file:"+name, err)
	}
	if len(b) > maxFile {
		return "", missing("file:"+name, fmt.Errorf("longer than %d bytes", maxFile))
	}
	if v := strings.TrimRight(string(b), "\r\n"); v != "" {
		return v, nil
	}
	return "", missing("file:"+name, errors.New("the file is empty"))
}

func missing(ref string, err error) error {
	return fault.Wrap(fault.SecretMissing, fmt.Errorf("%s: %w", ref, err))
}
