// Package icc reads the colour profiles that cameras and editors put into
// pictures and converts their colours to sRGB. worker/picture feeds it
// profiles and pixels.
//
// It knows profiles made of curves and a matrix, which is what Display P3,
// Adobe RGB, ProPhoto and gray profiles are, and the tables of printers with
// CMYK. Other tables are ErrUnsupported.
package icc
