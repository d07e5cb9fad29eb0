package terminal

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// Column heads one column of a Table.
type Column struct {
	Name  string
	Wide  bool // shown with -o wide only
	Right bool // numbers
	Least int  // columns it keeps when the screen is narrow, 0: all
	Wrap  bool // what does not fit goes on below; else it is cut
}

// Table is what people see of a document.
type Table struct {
	Columns []Column
	Rows    [][]string
	Empty   string // said instead of a table without rows
}

// gap is what separates two columns.
const gap = 2

// render writes the table; limit is the width of the screen, 0 for none.
func (t Table) render(w io.Writer, wide bool, limit int) error {
	columns, rows := t.shown(wide)
	shrink := shrunk(columns, rows, limit)
	tw := table.NewWriter()
	style := table.StyleDefault
	style.Options = table.OptionsNoBordersAndSeparators
	style.Box.PaddingLeft, style.Box.PaddingRight = "", strings.Repeat(" ", gap)
	style.Format.Header = text.FormatUpper
	tw.SetStyle(style)
	tw.SuppressTrailingSpaces()
	header := make(table.Row, len(columns))
	configs := make([]table.ColumnConfig, len(columns))
	for i, c := range columns {
		header[i] = c.Name
		configs[i] = table.ColumnConfig{Number: i + 1}
		if c.Right {
			configs[i].Align, configs[i].AlignHeader = text.AlignRight, text.AlignRight
		}
	}
	tw.AppendHeader(header)
	tw.SetColumnConfigs(configs)
	for _, r := range rows {
		row := make(table.Row, len(r))
		for i, cell := range r {
			if row[i] = text.Snip(cell, shrink[i], "…"); columns[i].Wrap {
				row[i] = strings.TrimRight(text.WrapSoft(cell, shrink[i]), " ")
			}
		}
		tw.AppendRow(row)
	}
	_, err := fmt.Fprintln(w, tw.Render())
	return err
}

// shown drops what only -o wide shows, and line breaks in cells.
func (t Table) shown(wide bool) (columns []Column, rows [][]string) {
	rows = make([][]string, len(t.Rows))
	for i, c := range t.Columns {
		if c.Wide && !wide {
			continue
		}
		columns = append(columns, c)
		for r := range t.Rows {
			rows[r] = append(rows[r], strings.Join(strings.Fields(t.Rows[r][i]), " "))
		}
	}
	return columns, rows
}

// shrunk gives each column its width: the natural one, or less for those that
// may shrink, the widest first, until the row fits.
func shrunk(columns []Column, rows [][]string, limit int) []int {
	widths := make([]int, len(columns))
	total := 0
	for i, c := range columns {
		widths[i] = Width(c.Name)
		for _, r := range rows {
			widths[i] = max(widths[i], Width(r[i]))
		}
		total += widths[i] + gap
	}
	for total -= gap; limit > 0 && total > limit; total-- {
		widest := -1
		for i, c := range columns {
			if c.Least > 0 && widths[i] > max(c.Least, Width(c.Name)) && (widest < 0 || widths[i] > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			break
		}
		widths[widest]--
	}
	return widths
}

// Width is how many columns a text takes: Chinese characters take two, escape
// sequences none.
func Width(s string) int { return text.StringWidthWithoutEscSequences(s) }
