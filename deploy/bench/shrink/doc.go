// Package shrink does to photos what a worker does, in a process of its own
// that can be held to one core and looked at.
package shrink
