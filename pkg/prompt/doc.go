// Package prompt turns the catalogue entries and options of a job into what a
// model is asked for: words in its language and within its limits, a size in
// its spelling, numbers in its ranges. worker/generate calls it once an
// attempt and hands the result to worker/provider; gateway/admin calls it to
// show an operator the same, byte for byte.
package prompt
