// Package spool keeps pictures that are paid for on a worker's disk until they
// are stored, so that the worker's death does not lose them. worker/generate
// feeds it; a later worker at the same folder takes up what is left there.
package spool
