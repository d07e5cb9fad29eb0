package sandbox

import (
	"errors"
	"fmt"
	"time"
)

// Argument makes the program a decoder: its main must then call Child.
const Argument = "-decode-pictures"

// HEIF names what decodes HEIC.
type HEIF string

// The decoders. WASM is libheif in WebAssembly: memory-safe, slow, and
// bounded to 24 megapixels. Native is the libheif of this machine, which must
// be there. Auto is Native where it is there, and WASM elsewhere.
const (
	WASM   HEIF = "wasm"
	Native HEIF = "native"
	Auto   HEIF = "auto"
)

// Validate names a decoder that there is not.
func (h HEIF) Validate() error {
	switch h {
	case WASM, Native, Auto:
		return nil
	default:
		return fmt.Errorf("picture.heif: must be wasm, native or auto, is %q", string(h))
	}
}

// Config bounds the process.
type Config struct {
	Program string        // started with Argument
	HEIF    HEIF          // WASM or Native
	Memory  int64         // bytes that it may map, of any kind; half of them is what it aims at
	Timeout time.Duration // for one picture
}

// Defaults leave Program to the caller.
func Defaults() Config {
	return Config{HEIF: WASM, Memory: 3 << 29, Timeout: 30 * time.Second}
}

// Validate names every value that cannot work.
func (c Config) Validate() error {
	var errs []error
	if c.Program == "" {
		errs = append(errs, errors.New("sandbox.program: must be set"))
	}
	if c.HEIF != WASM && c.HEIF != Native {
		errs = append(errs, fmt.Errorf("sandbox.heif: must be wasm or native, is %q", string(c.HEIF)))
	}
	if c.Memory < 256<<20 {
		errs = append(errs, fmt.Errorf("sandbox.memory: must be at least 256 MiB, is %d", c.Memory))
	}
	if c.Timeout <= 0 {
		errs = append(errs, fmt.Errorf("sandbox.timeout: must be positive, is %v", c.Timeout))
	}
	return errors.Join(errs...)
}
