package config

import (
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/secret"
)

type guarded struct {
	Admin struct {
		Token secret.Ref `config:"token"`
		Other secret.Ref `config:"other"`
	} `config:"admin"`
	Engine struct {
		URL secret.URL `config:"url"`
	} `config:"engine"`
	List []struct {
		Key secret.Ref `config:"key"`
	} `config:"list"`
	Table map[string]secret.Ref `config:"table"`
	Maybe *secret.Ref           `config:"maybe"`
}

func TestSecretsAreListedByTheirKeys(t *testing.T) {
	t.Parallel()
	var c guarded
	err := Load(&c, Options{File: fileWith(t, `
admin: {token: env:A}
engine: {url: 'nats://host'}
list: [{key: one}, {}, {key: two}]
table: {b: x, a: y}
maybe: z
`)})
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, n := range Secrets(&c) {
		keys = append(keys, n.Key)
	}
	if got, want := strings.Join(keys, " "), "admin.token engine.url list[0].key list[2].key table.a table.b maybe"; got != want {
		t.Errorf("secrets are %s, want %s", got, want)
	}
}

func TestAFaultySecretIsNamedAndNotShown(t *testing.T) {
	t.Parallel()
	var c guarded
	err := Load(&c, Options{File: fileWith(t, "admin: {token: 'Env:HUNTER2', other: [hunter2]}\n"), Environ: []string{"IMGFLEET_ENGINE_URL=FILE:hunter2"}})
	if err == nil || strings.Contains(strings.ToLower(err.Error()), "hunter2") {
		t.Fatalf("got %v", err)
	}
	for _, key := range []string{"admin.token (line 1): looks like a reference", "admin.other (line 1)", "IMGFLEET_ENGINE_URL: looks like a reference"} {
		if !strings.Contains(err.Error(), key) {
			t.Errorf("%s is missing in %v", key, err)
		}
	}
}
