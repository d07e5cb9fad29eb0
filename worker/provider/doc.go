// Package provider is the seam between attempts and the vendors that draw.
// worker/generate feeds a Provider one request at a time; each folder below
// holds the Driver of one vendor, and providertest says when a driver is
// done. The Provider carries what all vendors need once: the time limit, the
// bound on calls at once, metrics, and the removal of secrets from errors.
package provider
