// Package keys holds the master secrets that every gateway shares and derives
// from them one key per purpose. The first gateway makes the first master;
// gateway/session signs tokens and tickets with it and gateway/store signs
// URLs.
package keys
