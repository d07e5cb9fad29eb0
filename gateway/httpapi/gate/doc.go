// Package gate counts the open connections of the public listener, and closes
// those beyond its caps as soon as they are accepted: all together, so that
// descriptors are left for the engine and for operators, those of strangers,
// and those of one address. It stands under everything that serves the
// listener, also while the gateway waits for its engine, and counts a
// connection until it is closed, whoever has taken it over. gateway/httpapi
// tells it who has shown a good token.
package gate
