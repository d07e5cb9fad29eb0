// Package disk is the embedded object store: plain files under one directory
// that may hold other people's files too. gateway/store drives it.
package disk
