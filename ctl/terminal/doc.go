// Package terminal is how imgctl talks: data on one stream, words on another,
// tables that fit the screen, and questions only where a person can answer.
// ctl/command and ctl/dev write through it, and tests read what they wrote.
package terminal
