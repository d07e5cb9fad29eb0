// Package qianfantest is the double of Qianfan's picture edits: it answers as
// the vendor documents, and counts as a violation what the vendor would refuse
// or choose by itself. Tests and simulations feed it calls.
package qianfantest
