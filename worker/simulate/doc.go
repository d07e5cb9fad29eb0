// Package simulate plays vendors on loopback, so that a whole fleet draws
// without a key and without paying. main feeds it the doubles of this build;
// drivers call them as they would call the vendors, and whoever drives the
// fleet reads and steers them at one more address.
package simulate
