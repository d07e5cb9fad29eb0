// Package program starts and ends the programs that run for long.
package program
