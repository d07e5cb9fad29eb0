package config

import (
	"bytes"
	"errors"
	"testing"
	"time"
)

// judged finds faults that only values show.
type judged struct {
	Retention time.Duration `config:"retention"`
	Providers []struct {
		Name string `config:"name"`
	} `config:"providers"`
	HTTP struct {
		PublicURL string `config:"publicUrl"`
		Listen    string `config:"listen"`
	} `config:"http"`
	Data struct {
		Dir string `config:"dir"`
	} `config:"data"`
}

func (*judged) Validate() error {
	return errors.Join(
		errors.New("retention: is short"), errors.New("providers[1].kind: is missing"), errors.New("http.publicUrl, http.listen: differ"),
		errors.New("data.dir: is odd"), errors.New("odd: but no key\nin two lines"),
	)
}

func TestAFaultOfAValueSaysWhereTheValueStands(t *testing.T) {
	t.Parallel()
	file := fileWith(t, "retention: 1s\nhttp:\n  listen: a\nproviders:\n  - name: a\n  - name: b\n")
	for name, tc := range map[string]struct {
		environ []string
		want    string
	}{
		"File": {nil, "retention (line 1): is short\n" +
			"http.publicUrl, http.listen (line 2): differ\n" + // its section begins there
			"providers[1].kind (line 6): is missing\n" +
			"data.dir: is odd\n" + // nowhere
			"odd: but no key in two lines\n"},
		"Environment": {[]string{`IMGFLEET_PROVIDERS=[{"name":"c"},{"name":"d"}]`, "IMGFLEET_DATA_DIR=/d"}, "retention (line 1): is short\n" +
			"http.publicUrl, http.listen (line 2): differ\n" + // its section begins there
			"data.dir (IMGFLEET_DATA_DIR): is odd\n" +
			"odd: but no key in two lines\n" +
			"providers[1].kind (IMGFLEET_PROVIDERS): is missing\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			Report(&out, Load(&judged{}, Options{File: file, Environ: tc.environ}))
			if out.String() != tc.want {
				t.Errorf("told\n%s\nwant\n%s", out.String(), tc.want)
			}
		})
	}
}

func TestAFileWithoutAKeyIsWarnedOf(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"": 1, "# a word\n": 1, "{}": 1, "data: {dir: d}": 0} {
		s, err := Read(defaults(), Options{File: fileWith(t, text)})
		if err != nil && want == 1 {
			t.Error(err)
		}
		if got := s.Warnings(); len(got) != want {
			t.Errorf("%q: warned %q", text, got)
		}
	}
}
