// Package picture turns untrusted photo bytes into an upright JPEG without
// any metadata, and tells what the original was. worker/generate feeds it
// uploads to judge and provider results to open; it feeds them back clean.
// Decoding is done by named decoders, all written in Go, after the content's
// magic, its dimensions and the memory they need were checked; what cannot be
// bounded so, HEIC above all, is left to worker/picture/sandbox. Colours are
// converted to sRGB by their profile; those of CMYK pictures
// without one are estimated.
package picture
