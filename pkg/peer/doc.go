// Package peer opens connections that end when the other end has vanished: its
// power is off, its network is gone, and nothing says so. Listeners and dialers
// of gateways, workers and imgctl come from here. A peer that is there and does
// not read is not its business: deadlines for writing end those.
package peer
