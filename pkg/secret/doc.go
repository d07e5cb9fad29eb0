// Package secret turns references from the configuration into the secrets
// they name, so that no file that is checked in or shown holds one. The mains
// feed it references at start; it feeds them values that must never be logged.
package secret
