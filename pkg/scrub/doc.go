// Package scrub takes out of other people's words what must not be shown:
// secrets, signed addresses, what names a person, and what a terminal would
// obey. Workers use it on what vendors say, gateways again before they keep or
// show it.
package scrub
