// Package dev is `imgctl dev`: everything on one machine. It starts gateways
// and workers as child processes beside imgctl, wires them by environment
// variables, keeps them running, says when they are ready and takes them down
// in an order that loses nothing.
package dev
