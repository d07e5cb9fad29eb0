package program_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/program"
)

type settings struct {
	HTTP struct {
		Listen string `config:"listen"`
	} `config:"http"`
}

func (s *settings) Validate() error {
	if s.HTTP.Listen == "" {
		return errors.New("http.listen: must be given")
	}
	return nil
}

func run(t *testing.T, p program.Process, work func(context.Context, *settings) error) (code int, told string) {
	t.Helper()
	var stderr bytes.Buffer
	p.Stderr = &stderr
	code = program.Run(t.Context(), p, flag.NewFlagSet("tester", flag.ContinueOnError), program.About{Version: "v7", Does: "tester tests."}, func() program.Job {
		c := &settings{}
		return program.Job{Config: c, Work: func(ctx context.Context) error { return work(ctx, c) }}
	})
	return code, stderr.String()
}

func TestTheExitCodeSaysHowTheJobEnded(t *testing.T) {
	t.Parallel()
	good := []string{"IMGFLEET_HTTP_LISTEN=here"}
	for name, tc := range map[string]struct {
		process program.Process
		err     error
		code    int
		told    string
	}{
		"Done":          {program.Process{Environ: good}, nil, 0, ""},
		"Failed":        {program.Process{Environ: good}, errors.New("no luck"), 1, "tester: no luck\n"},
		"Checked":       {program.Process{Environ: good, Args: []string{"-check-config"}}, errors.New("must not run"), 0, "configuration: no faults\n"},
		"Misconfigured": {program.Process{}, errors.New("must not run"), 2, "http.listen: must be given\n"},
		"Unexpected":    {program.Process{Environ: good, Args: []string{"now"}}, errors.New("must not run"), 2, "unexpected argument: now\n"},
		"UnknownFlag":   {program.Process{Environ: good, Args: []string{"-x"}}, errors.New("must not run"), 2, "flag provided but not defined: -x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, told := run(t, tc.process, func(_ context.Context, c *settings) error {
				if c.HTTP.Listen != "here" {
					t.Errorf("listen = %q before the work began", c.HTTP.Listen)
				}
				return tc.err
			})
			if code != tc.code || !strings.HasPrefix(told, tc.told) {
				t.Errorf("code %d, told %q, want %d, %q", code, told, tc.code, tc.told)
			}
		})
	}
}

func TestWordsAboutTheProgramGoToStandardOutput(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"-version": "tester v7 " + runtime.Version() + "\n", "--version": "tester v7 ", "-h": "tester tests.\n\nUsage: tester [flags]\n", "-help": "tester tests.", "--help": "tester tests.",
	} {
		var stdout bytes.Buffer
		code, told := run(t, program.Process{Args: []string{args}, Stdout: &stdout}, func(context.Context, *settings) error {
			t.Errorf("%s began the job", args)
			return nil
		})
		if code != 0 || told != "" || !strings.HasPrefix(stdout.String(), want) {
			t.Errorf("%s: code %d, %q on standard error, %q on standard output, which should begin with %q", args, code, told, stdout.String(), want)
		}
	}
}

// checked is a configuration with something to warn of.
type checked struct{ settings }

func (*checked) Warnings() []string { return []string{"http.listen: is loopback"} }

func TestWhatTheCheckFindsKeepsTheJobFromStarting(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		args  []string
		fault error
		code  int
		told  string
	}{
		"StartRefused": {nil, errors.New("http.listen: is taken"), 2, "http.listen (IMGFLEET_HTTP_LISTEN): is taken\nwarning: http.listen (IMGFLEET_HTTP_LISTEN): is loopback\n"},
		"Refused":      {[]string{"-check-config"}, errors.New("http.listen: is taken"), 2, "http.listen (IMGFLEET_HTTP_LISTEN): is taken\nwarning: http.listen (IMGFLEET_HTTP_LISTEN): is loopback\n"},
		"Warned":       {[]string{"-check-config"}, nil, 0, "warning: http.listen (IMGFLEET_HTTP_LISTEN): is loopback\nconfiguration: no faults\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stderr bytes.Buffer
			p := program.Process{Args: tc.args, Environ: []string{"IMGFLEET_HTTP_LISTEN=here"}, Stderr: &stderr}
			code := program.Run(t.Context(), p, flag.NewFlagSet("tester", flag.ContinueOnError), program.About{}, func() program.Job {
				return program.Job{
					Config: &checked{},
					Check:  func(context.Context) error { return tc.fault },
					Work:   func(context.Context) error { t.Error("the job began"); return nil },
				}
			})
			if code != tc.code || stderr.String() != tc.told {
				t.Errorf("code %d, told %q, want %d, %q", code, stderr.String(), tc.code, tc.told)
			}
		})
	}
}

func TestGetenvReadsTheEnvironmentThatWasGiven(t *testing.T) {
	t.Parallel()
	p := program.Process{Environ: []string{"A=1", "AB=2=3", "C="}}
	for name, want := range map[string]string{"A": "1", "AB": "2=3", "C": "", "D": ""} {
		if got := p.Getenv(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
}

func TestAJobEndsWithStandardInput(t *testing.T) {
	t.Parallel()
	stdin, parent := io.Pipe()
	p := program.Process{Args: []string{"-exit-with-stdin"}, Environ: []string{"IMGFLEET_HTTP_LISTEN=here"}, Stdin: stdin}
	code, told := run(t, p, func(ctx context.Context, _ *settings) error {
		if ctx.Err() != nil {
			t.Error("the job ended before standard input")
		}
		_ = parent.Close()
		<-ctx.Done()
		return nil
	})
	if code != 0 {
		t.Errorf("code %d, told %q", code, told)
	}
}
