// Package mock is a Driver that needs no vendor: its pictures come from its
// own painter, in steps that take time as a vendor's would, and its knobs say
// how long it takes and how often it fails. Development, tests and load tests
// run on it; in production it may stand in for a vendor only where the
// operator allows it.
package mock
