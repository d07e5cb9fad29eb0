// Package operator is the admin API as both sides see it: the documents that
// gateway/admin answers with, and the client with which imgctl asks. It knows
// neither the gateway nor the terminal.
package operator
