// Package workerrpc is the wire between gateways and workers: Kitex over its
// gRPC transport. It converts between the domain types below and the
// generated ones in idl/gen, keeps fault kinds across the wire, and is the
// only package that imports Kitex or the generated code.
package workerrpc
