// Package picture turns untrusted photo bytes into an upright JPEG without
// any metadata, and tells what the original was. worker/generate feeds it
// uploads to judge and provider results to open; it feeds them back clean.
// Decoding is done by named decoders, all written in Go, after the content's
// magic, its dimensions and the memory they need were checked.
//
// Colour profiles are not applied: a Display P3 photo is read as sRGB.
package picture
