package terminal_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/ctl/terminal"
)

func streams(width int, answer string) (*terminal.Streams, *bytes.Buffer, *bytes.Buffer) {
	out, talk := new(bytes.Buffer), new(bytes.Buffer)
	return &terminal.Streams{
		In: strings.NewReader(answer), Out: out, Err: talk, Asks: width > 0, OutTTY: width > 0, ErrTTY: width > 0,
		Width: func() int { return width },
	}, out, talk
}

func styles() terminal.View {
	return terminal.View{
		Doc:   []map[string]any{{"id": "ink", "name": "水墨", "fen": 20}},
		Names: []string{"ink"},
		Table: terminal.Table{
			Columns: []terminal.Column{{Name: "id"}, {Name: "name", Least: 6}, {Name: "fen", Right: true}, {Name: "prompt", Wide: true}},
			Rows:    [][]string{{"ink", "水墨", "20", "ink wash"}, {"oil", "Oil painting of the seventeenth century", "5", "oil"}},
		},
	}
}

func TestColumnsAlignAlsoUnderChineseNames(t *testing.T) {
	t.Parallel()
	s, out, _ := streams(0, "")
	if err := s.Print(terminal.FormatTable, styles()); err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		if w := terminal.Width(line); w != 5+41+3 {
			t.Errorf("%q is %d columns wide, want the same for all", line, w)
		}
	}
	if strings.Contains(out.String(), "ink wash") {
		t.Errorf("a wide column is shown: %s", out)
	}
}

func TestATableFitsTheScreen(t *testing.T) {
	t.Parallel()
	s, out, _ := streams(30, "")
	if err := s.Print(terminal.FormatTable, styles()); err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(out.String(), "\n") {
		if w := terminal.Width(line); w > 30 {
			t.Errorf("%q is %d columns wide, want at most 30", line, w)
		}
	}
	if !strings.Contains(out.String(), "…") {
		t.Errorf("nothing shows that something was cut: %s", out)
	}
}

func TestEveryFormatSaysTheSame(t *testing.T) {
	t.Parallel()
	for format, want := range map[terminal.Format]string{
		terminal.FormatJSON: "[\n  {\n    \"fen\": 20,\n    \"id\": \"ink\",\n    \"name\": \"水墨\"\n  }\n]\n",
		terminal.FormatYAML: "- fen: 20\n  id: ink\n  name: 水墨\n",
		terminal.FormatName: "ink\n",
	} {
		s, out, _ := streams(0, "")
		if err := s.Print(format, styles()); err != nil || out.String() != want {
			t.Errorf("%s: %q, %v, want %q", format, out, err, want)
		}
	}
	if _, err := terminal.ParseFormat("xml"); err == nil {
		t.Error("xml is a format")
	}
}

func TestAnEmptyTableIsWordsNotData(t *testing.T) {
	t.Parallel()
	s, out, talk := streams(0, "")
	if err := s.Print(terminal.FormatTable, terminal.View{Table: terminal.Table{Empty: "No tasks."}}); err != nil {
		t.Fatal(err)
	}
	if out.Len() > 0 || talk.String() != "No tasks.\n" {
		t.Errorf("out %q, talk %q", out, talk)
	}
}

func TestOnlyAClearYesIsOne(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]error{
		"y\n": nil, "YES\n": nil, "n\n": terminal.ErrDeclined, "\n": terminal.ErrDeclined, "": terminal.ErrDeclined, "yes please\n": terminal.ErrDeclined,
	} {
		s, _, _ := streams(80, answer)
		if err := s.Confirm("Erase?"); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", answer, err, want)
		}
	}
	s, _, _ := streams(0, "y\n")
	if err := s.Confirm("Erase?"); !errors.Is(err, terminal.ErrNoTerminal) || !strings.Contains(err.Error(), "--yes") {
		t.Errorf("without a terminal: %v, want a hint at --yes", err)
	}
}

func TestTheBarIsDrawnOverOnATerminalAndListedElsewhere(t *testing.T) {
	t.Parallel()
	s, _, talk := streams(60, "")
	b := s.NewBar()
	b.Draw(0, "queued")
	b.Draw(50, "generating")
	b.Done()
	if got := talk.String(); strings.Count(got, "\n") != 1 || strings.Count(got, "\r") != 2 || !strings.Contains(got, "████████████░") {
		t.Errorf("terminal: %q", got)
	}
	s, _, talk = streams(0, "")
	b = s.NewBar()
	b.Draw(50, "generating")
	b.Draw(50, "generating")
	b.Done()
	if got := talk.String(); got != " 50%  generating\n" {
		t.Errorf("file: %q", got)
	}
}
