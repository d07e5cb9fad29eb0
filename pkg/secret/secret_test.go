package secret

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

func TestReferencesLeadToSecrets(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "key")
	empty := filepath.Join(dir, "empty")
	if err := errors.Join(os.WriteFile(file, []byte("from file\n"), 0o600), os.WriteFile(empty, []byte("\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	r := Resolver{Getenv: func(n string) string { return map[string]string{"KEY": "from env"}[n] }}
	for ref, want := range map[string]string{
		"": "", "literal": "literal", "env:KEY": "from env", "file:" + file: "from file", "SecretId:SecretKey": "SecretId:SecretKey",
	} {
		if got, err := r.Resolve(t.Context(), NewRef(ref)); got.Reveal() != want || err != nil {
			t.Errorf("%q = %q, %v; want %q", ref, got.Reveal(), err, want)
		}
	}
	for _, ref := range []string{"env:", "env:OTHER", "file:" + file + "x", "file:" + empty, "file:/dev/zero", "csms:name", "kms:AAAA"} {
		if _, err := r.Resolve(t.Context(), NewRef(ref)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v, want invalid", ref, err)
		}
	}
	if _, err := r.Resolve(t.Context(), NewRef("kms:c2VjcmV0")); !errors.Is(err, ErrUnsupported) || strings.Contains(err.Error(), "c2VjcmV0") {
		t.Errorf("kms: %v, want unsupported and without its payload", err)
	}
}

// A field that is not exported is printed by fmt without its methods.
func TestNothingPrintsASecret(t *testing.T) {
	t.Parallel()
	const word = "hunter2"
	type inside struct {
		Ref   Ref
		Value Value
		URL   URL
		ref   Ref
		value Value
		list  []Value
	}
	r, v, u := NewRef(word), New(word), NewURL("nats://me:"+word+"@host")
	all := inside{r, v, u, r, v, []Value{v}}
	var out bytes.Buffer
	for _, x := range []any{r, &r, v, &v, u, &u, all, &all, []Ref{r}, map[string]Value{"k": v}, []any{r, &v}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%t", "%T"} {
			fmt.Fprintf(&out, verb+"\n", x)
		}
		text, err := json.Marshal(x)
		if err != nil {
			t.Error(err)
		}
		out.Write(text)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("said", "x", x)
		slog.New(slog.NewTextHandler(&out, nil)).Info("said", "x", x)
	}
	for _, form := range []string{word, fmt.Sprintf("%x", word), fmt.Sprintf("%d", []byte(word))} {
		if strings.Contains(out.String(), form) {
			t.Errorf("%s is printed in\n%s", form, out.String())
		}
	}
	if got := fmt.Sprintf("%v %s %q", r, v, u); got != "*** *** ***" {
		t.Errorf("printed is %s", got)
	}
	if got := fmt.Sprintf("%v%s%#v", Ref{}, Value{}, URL{}); got != "" {
		t.Errorf("nothing is printed as %s", got)
	}
}

func TestAReferenceIsNoLiteral(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{"": false, "env:A": false, "file:/a": false, "csms:a": false, "kms:a": false, "a": true, "a:b": true, "vault:a": true} {
		if got := NewRef(text).Literal(); got != want {
			t.Errorf("%q is a literal: %v", text, got)
		}
	}
	for text, want := range map[string]struct {
		literal bool
		public  string
	}{
		"": {}, "env:PROXY": {}, "nats://host:4222": {false, "nats://host:4222"}, "nats://token@host:4222": {true, "nats://host:4222"},
		"http://me:pass@host": {true, "http://host"}, "http://me:p@ss@host/x": {true, "http://host/x"}, "me:pass@host": {true, "host"},
		"nats://a:b@one,nats://c:d@two": {true, "nats://two"},
	} {
		u := NewURL(text)
		if u.Literal() != want.literal || u.Public() != want.public {
			t.Errorf("%q is a literal: %v, and public is %q", text, u.Literal(), u.Public())
		}
	}
}

// A reference that is written almost right would be the password itself.
func TestWhatIsNearlyAReferenceIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"ENV:NAME", "Env:NAME", " env:NAME", "env :NAME", "File:/hunter2", "KMS:AAAA", "***"} {
		for name, err := range map[string]error{"ref": new(Ref).UnmarshalText([]byte(text)), "url": new(URL).UnmarshalText([]byte(text))} {
			if err == nil || strings.Contains(err.Error(), "NAME") || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s %q: %v", name, text, err)
			}
		}
	}
	var u URL
	if err := u.UnmarshalText([]byte("nats://host")); err != nil || u.Literal() {
		t.Errorf("an address without a password: %v", err)
	}
}

func TestEveryFaultIsNamedByItsKey(t *testing.T) {
	t.Parallel()
	r := Resolver{Getenv: func(n string) string { return map[string]string{"KEY": "open"}[n] }}
	good, absent := NewRef("env:KEY"), NewRef("env:ABSENT")
	o, err := r.Open(t.Context(), []Named{{"a.good", good}, {"a.absent", absent}, {"b.later", NewRef("kms:AAAA")}})
	if err == nil || !strings.Contains(err.Error(), "a.absent: ") || !strings.Contains(err.Error(), "env:ABSENT") || !strings.Contains(err.Error(), "b.later: ") || strings.Contains(err.Error(), "a.good") {
		t.Errorf("faults are %v", err)
	}
	if got := o.Value(good).Reveal(); got != "open" {
		t.Errorf("the good one is %q", got)
	}
	if !o.Value(Ref{}).Empty() {
		t.Error("nothing became something")
	}
	for name, use := range map[string]func(){"not opened": func() { o.Value(absent) }, "sealed": func() { Sealed(good).Reveal() }} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("a secret that is %s was used", name)
				}
			}()
			use()
		}()
	}
}
