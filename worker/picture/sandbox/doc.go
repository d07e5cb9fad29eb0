// Package sandbox decodes pictures in a process of its own, which a bad file
// may crash, fill or keep busy without harm to the worker: it is killed and
// another one started. worker/picture feeds it photos whose decoders cannot
// be bounded from outside; it feeds back pixels, shrunken already.
//
// The process is this same program, started with Argument. HEIC is decoded
// there by libheif, compiled to WebAssembly or, where that is allowed, by the
// machine's own.
package sandbox
