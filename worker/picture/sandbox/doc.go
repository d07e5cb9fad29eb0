// Package sandbox decodes pictures in processes of their own, at most one for
// each core, which a bad file may crash, fill or keep busy without harm to the
// worker: the one is killed and another one started. worker/picture feeds it
// photos whose decoders cannot be bounded from outside; it feeds back pixels,
// shrunken already.
//
// A process is this same program, started with Argument. HEIC is decoded
// there by libheif, compiled to WebAssembly or, where that is allowed, by the
// machine's own.
package sandbox
