// Package openaitest is a double of the servers that package openai speaks to,
// in all their dialects: it answers as they document, and counts as a
// violation what they would refuse or would do otherwise in silence. Tests and
// simulations feed it calls.
package openaitest
