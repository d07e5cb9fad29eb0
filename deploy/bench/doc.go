// Command bench measures what the product promises about speed and memory,
// in one run on one machine with the load generator beside it, and holds each
// figure to its goal. Rounds of what is compared alternate, medians are
// printed, and ratios rather than times are what carries from one machine to
// another. It builds and starts real gateways and workers; run it from the
// top of the repository.
package main
