// Package storetest is the suite that every store driver passes: what
// gateway/store promises, asked of the place where the bytes lie.
package storetest
