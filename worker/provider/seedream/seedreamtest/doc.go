// Package seedreamtest is a double of Ark's picture API: it answers as the
// vendor documents, and counts as a violation what the vendor would refuse or
// would charge for in silence. Tests and simulations feed it calls.
package seedreamtest
