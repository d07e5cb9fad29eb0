// Package limit is the one table of the limits that operators set. Each
// program takes its keys, defaults and words from it: the configuration of
// gateway and worker, the operator state, the admin API, and the flags of
// imgctl. The stages of the gateway enforce what it says.
package limit
