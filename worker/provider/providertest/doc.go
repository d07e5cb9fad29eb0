// Package providertest is the conformance suite of provider drivers: a driver
// is done when its harness passes it. Vendors' packages feed it a harness
// around a local double of the vendor.
package providertest
