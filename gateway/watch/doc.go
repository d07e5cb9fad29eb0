// Package watch looks at a gateway's surroundings and raises the alarms that no
// stage would notice by itself: workers that are missing, old or wrong about the
// time, an intake that is paused, a disk that fills up, an engine that has lost
// a node, a certificate that ends. Each rule is a function of what it looks at.
package watch
