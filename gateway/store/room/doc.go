// Package room knows how much of a disk is free, and how much of that is
// promised to bodies that have begun to come. gateway/store/disk and
// gateway/upload/partial write by it, gateway/upload admits by it.
package room
