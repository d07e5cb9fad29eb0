// Package rig builds the programs and runs them as real processes that can be
// killed and started again. Torture, fleet-sim, the bench and the end-to-end
// tests stand on it.
package rig
