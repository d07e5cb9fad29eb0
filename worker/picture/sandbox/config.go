package sandbox

import (
	"fmt"
	"runtime"
	"time"

	"github.com/imgfleet/imgfleet/pkg/check"
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
	Program  string        // started with Argument
	HEIF     HEIF          // WASM or Native
	Decoders int           // processes, each with one picture at a time
	Memory   int64         // bytes that each may allocate; most of them is what it aims at
	CPU      time.Duration // of the processor, for one picture; where the system tells it
	Timeout  time.Duration // for one picture, however busy the machine is
	Idle     time.Duration // after which a process that is not the only one ends
}

// Defaults leave Program to the caller. With the program itself, Memory keeps
// a process below a gigabyte.
func Defaults() Config {
	return Config{HEIF: WASM, Decoders: runtime.GOMAXPROCS(0), Memory: 880 << 20, CPU: 20 * time.Second, Timeout: 45 * time.Second, Idle: time.Minute}
}

// minMemory is what the decoders need for any photo.
const minMemory = 256 << 20

// Validate names every value that cannot work.
func (c Config) Validate() error {
	var faults check.Faults
	faults.If(c.Program == "", "sandbox.program: must be set")
	faults.If(c.HEIF != WASM && c.HEIF != Native, "sandbox.heif: must be wasm or native, is %q", string(c.HEIF))
	faults.If(c.Decoders < 1, "picture.decoders: must be at least 1, is %d", c.Decoders)
	faults.If(c.Memory < minMemory, "picture.decoderMemory: must be at least 256 MiB, is %d", c.Memory)
	faults.If(c.CPU <= 0 || c.Timeout <= 0 || c.Idle <= 0, "sandbox.cpu, timeout, idle: must be positive, are %v, %v, %v", c.CPU, c.Timeout, c.Idle)
	return faults.Err()
}
