// Package libheif decodes HEIC photos with the system's libheif.so.1, which
// it loads while the program runs: the program is built without C and starts
// without the library. C code can crash and can be broken into, so only
// worker/picture/sandbox calls it, in a process that may die.
package libheif
