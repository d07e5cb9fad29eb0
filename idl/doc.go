// Package idl holds the wire's definition, worker.proto, and in gen what Kitex
// makes of it. Nothing else lives here, and only pkg/workerrpc imports gen.
// Generation needs no protoc and is reproducible: CI runs it and compares.
package idl

//go:generate go tool kitex -module github.com/imgfleet/imgfleet -gen-path gen -no-dependency-check -type protobuf -streamx -I . worker.proto
