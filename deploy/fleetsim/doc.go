// Command fleetsim shows what tasks see of vendors that are slow, limit our
// rate, break off, hang and die: the real gateway and workers against the
// strict doubles of the vendors, with latencies that have a tail. It holds
// successes, times, hedges and payments to goals, and runs the same crowd
// without hedges and without fallback for contrast.
//
//	go run ./deploy/fleetsim -tasks 2000
package main
