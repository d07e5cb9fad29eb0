// Package dashscopetest is a double of 百炼's picture APIs, jobs and calls: it
// answers as the vendor documents, and counts as a violation what the vendor
// would refuse or would charge for in silence. Tests and simulations feed it
// calls.
package dashscopetest
