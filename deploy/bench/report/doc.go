// Package report shows what was measured: a table for the terminal, JSON for
// machines, and one self-contained HTML page with plots. deploy/bench feeds
// it.
package report
