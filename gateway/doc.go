// Command gateway is the front of imgfleet: phones speak HTTP to it, workers
// Kitex, operators its admin listener. main builds every stage by hand and
// passes each what it needs; see wire.go for the order.
package main
