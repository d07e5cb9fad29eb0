// Package secret is the type of everything in the configuration that must not
// be known: a key there holds a Ref, which only a Resolver opens, and what
// comes of it is a Value. Both print as ***, so that no log, error or dump of
// a configuration shows one. The mains feed it references at start; packages
// that use a secret reveal it where they hand it on.
package secret
