// Package stat reduces what was measured to the few numbers that are printed.
// deploy/bench/load and deploy/bench feed it; deploy/bench/report shows what
// it gives.
package stat
