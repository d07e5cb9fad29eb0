// Package enginetest lets tests look into a running engine past every stage:
// deploy/e2e asks it what is left of a person. It also takes the engine away
// from a gateway and brings it back, as one server (Pair) or as three nodes
// (Cluster), or breaks the network between them (Link).
package enginetest
