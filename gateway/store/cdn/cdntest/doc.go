// Package cdntest plays the CDN's own API for tests: it checks signatures and
// the shape of requests as they are documented, and answers as it is told.
package cdntest
