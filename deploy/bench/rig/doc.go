// Package rig starts real gateways and workers for a measurement, each in a
// directory and on ports of its own, prepares sessions with photos, and reads
// from outside what the processes cost. deploy/bench drives it.
package rig
