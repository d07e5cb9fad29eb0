// Package reference explains every key of the configuration: what it does, its
// type, unit, range, default and an example, and which program reads it. It is
// generated from the code (make generate), so it says what is true of this
// build. deploy/config/reference.yaml is the same for people.
package reference
