// Package prompt turns the catalogue entries and options of a job into what a
// model is asked for: words, a size and numbers. worker/generate calls it once
// an attempt and hands the result to worker/provider.
package prompt
