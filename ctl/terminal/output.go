package terminal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Format is how a document is printed.
type Format string

// The formats of -o.
const (
	FormatTable Format = "table"
	FormatWide  Format = "wide"
	FormatJSON  Format = "json"
	FormatYAML  Format = "yaml"
	FormatName  Format = "name"
)

// Formats lists all formats, for help and completion.
func Formats() []string {
	return []string{string(FormatTable), string(FormatWide), string(FormatJSON), string(FormatYAML), string(FormatName)}
}

// ParseFormat refuses what is no format.
func ParseFormat(s string) (Format, error) {
	if !slices.Contains(Formats(), s) {
		return "", fmt.Errorf("-o must be one of %s, is %q", strings.Join(Formats(), ", "), s)
	}
	return Format(s), nil
}

// View is a document with everything needed to print it in any format.
type View struct {
	Doc   any      // for json and yaml
	Names []string // for name
	Table Table    // for table and wide
	More  []Table  // printed below it, those with rows
	Whole bool     // a narrow screen cuts no cell
}

// Print writes a view to Out.
func (s *Streams) Print(f Format, v View) error {
	return s.printTo(s.Out, f, v)
}

// Render is Print into memory, as it would look on Out.
func (s *Streams) Render(f Format, v View) ([]byte, error) {
	var b bytes.Buffer
	err := s.printTo(&b, f, v)
	return b.Bytes(), err
}

func (s *Streams) printTo(w io.Writer, f Format, v View) error {
	switch f {
	case FormatJSON:
		return printJSON(w, v.Doc)
	case FormatYAML:
		return printYAML(w, v.Doc)
	case FormatName:
		for _, n := range v.Names {
			if _, err := fmt.Fprintln(w, n); err != nil {
				return err
			}
		}
		return nil
	default:
		return s.printTables(w, f == FormatWide, v)
	}
}

func (s *Streams) printTables(w io.Writer, wide bool, v View) error {
	limit := 0
	if s.OutTTY && !wide && !v.Whole {
		limit = s.Width()
	}
	if err := s.printTable(w, wide, limit, v.Table); err != nil {
		return err
	}
	for _, t := range v.More {
		if len(t.Rows) == 0 {
			continue
		}
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
		if err := s.printTable(w, wide, limit, t); err != nil {
			return err
		}
	}
	return nil
}

func (s *Streams) printTable(w io.Writer, wide bool, limit int, t Table) error {
	if len(t.Rows) == 0 && t.Empty != "" {
		_, err := fmt.Fprintln(s.Err, t.Empty)
		return err
	}
	return t.render(w, wide, limit)
}

func printJSON(w io.Writer, doc any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(doc)
}

// printYAML goes through JSON, so that names and order are those of the API.
func printYAML(w io.Writer, doc any) error {
	raw, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	var node yaml.Node
	if err := yaml.Unmarshal(raw, &node); err != nil {
		return err
	}
	block(&node)
	e := yaml.NewEncoder(w)
	e.SetIndent(2)
	if err := e.Encode(&node); err != nil {
		return err
	}
	return e.Close()
}

// block turns the flow style that JSON was read in into lines.
func block(n *yaml.Node) {
	if n.Kind != yaml.ScalarNode && len(n.Content) > 0 {
		n.Style = 0
	} else if n.Tag == "!!str" {
		n.Style = 0
	}
	for _, c := range n.Content {
		block(c)
	}
}
