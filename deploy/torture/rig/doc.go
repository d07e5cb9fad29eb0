// Package rig builds the programs and runs them as real processes that can be
// killed and started again. The torture and the end-to-end tests stand on it;
// it knows nothing of what the programs do.
package rig
