// Command reference generates what explains the configuration: it asks each
// program for its keys and defaults, and takes the words from the comments of
// the fields. Run it in the root of the repository (make generate).
package main
