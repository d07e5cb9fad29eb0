// Package peertest takes the network away from a test of its own, so that the
// other end of each connection vanishes: no FIN, no RST, no error.
package peertest
