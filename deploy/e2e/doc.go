// Package e2e holds the end-to-end tests: they start the real programs with
// one command, as a new user would, and drive them from outside, through the
// public API, a browser and imgctl. It has no code of its own but tests.
package e2e
