// Package heif reads what the boxes of an HEIC photo say about it, without
// decoding: its size, turned as it will be shown, and its colours.
// worker/picture feeds it untrusted bytes and decides by the answer whether
// they may be decoded.
package heif
