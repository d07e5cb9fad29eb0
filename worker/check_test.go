package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/program"
)

// checked runs the worker in its check, and again as a start that must not
// begin: both say the same. It returns the lines.
func checked(t *testing.T, text string, environ ...string) (code int, said []string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "worker.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var out lines
	p := program.Process{Args: []string{"-config", file, "-check-config"}, Environ: environ, Stdin: strings.NewReader(""), Stderr: &out}
	code = run(t.Context(), p)
	if code != 0 {
		var start lines
		p.Args, p.Stderr = p.Args[:2], &start
		if started := run(t.Context(), p); started != code || start.String() != out.String() {
			t.Errorf("the start ends with %d and says\n%s\nthe check with %d and\n%s", started, start.String(), code, out.String())
		}
	}
	return code, slices.Collect(strings.Lines(out.String()))
}

func TestTheCheckFindsWhatTheStartWouldRefuse(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ text, fault string }{
		{"worker: {region: ''}", "worker.region (line 1): must be a name"},
		{"worker: {listen: '127.0.0.1:70000'}", "worker.listen (line 1): must be host:port"},
		{"worker: {listen: ''}", "worker.listen (line 1): must be host:port"},
		{"worker: {listen: '0.0.0.0:9000', advertise: 'w.example:9000'}", "worker.listen (line 1): 0.0.0.0:9000 is not loopback"},
		{"worker: {advertise: '0.0.0.0:9000'}", "worker.advertise (line 1): must be host:port as others reach it"},
		{"environment: prod\nworker: {listen: ':9000'}", "worker.advertise (line 2): must be this worker's address"},
		{"environment: prod\nfleet: {gateways: []}", "fleet.gateways (line 2): must be the fleet listeners"},
		{"worker: {listen: '127.0.0.1:9000', metrics: ':9000'}", "worker.metrics (line 1): worker.listen listens at 127.0.0.1:9000 already"},
		{"worker: {listen: '127.0.0.1:9000', admin: {listen: ':9000'}}", "worker.admin.listen (line 1): worker.listen listens at 127.0.0.1:9000 already"},
		{"worker: {admin: {listen: ':9100'}}", "environment: must be said, dev or prod, because others reach worker.admin.listen"},
		{"worker: {drain: -1s}", "worker.drain (line 1): must not be negative"},
		{"fleet: {gateways: [gateway.example]}", "fleet.gateways[0] (line 1): must be host:port"},
		{"fleet: {gateways: ['']}", "fleet.gateways[0] (line 1): must be host:port"},
		{"fleet: {token: 'env:NOWHERE'}", "fleet.token (line 1): env:NOWHERE: the variable is not set"},
		{"providers: [{name: a, kind: seedream, apiKey: 'env:NOWHERE'}]", "providers[0].apiKey (line 1): env:NOWHERE"},
		{"providers: [{name: a, kind: hunyuan, apiKey: 'env:WORD'}]", "providers[0].apiKey (line 1): must be SecretId:SecretKey"},
		{"providers: [{name: a, kind: seedream, apiKey: 'env:WORD', proxy: 'ftp://p:1'}]", "providers[0].proxy (line 1): must be http, https or socks5"},
		{"providers: [{name: a, kind: seedream, apiKey: 'env:WORD', proxy: 'env:WORD'}]", "providers[0].proxy (line 1): "},
		{"providers: [{name: a, kind: teapot}]", "providers[0].kind (line 1): must be one of dashscope,"},
		{"providers: [{name: a, kind: mock}, {name: a, kind: mock}]", `providers[1].name (line 1): "a" is used twice`},
		{"egress: {allow: ['*']}", "egress.allow[0] (line 1): "},
		{"label: {text: hello}", "label.text (line 1): must contain AI"},
		{"label: {contentProducer: ''}", "label.contentProducer (line 1): is missing"},
		{"moderation: {kind: none}", "moderation.kind (line 1): "},
		{"picture: {heif: magic}", "picture.heif (line 1): must be wasm, native or auto"},
		{"picture: {decoderMemory: 1MiB}", "picture.decoderMemory (line 1): must be at least"},
		{"limits: {maxPixels: -1}", "limits.maxPixels (line 1): must not be negative"},
		{"log: {level: loud}", "log.level (line 1): must be"},
		{"tls: {cert: none.pem, key: none.key, clientCA: none.ca}", "tls.clientCA (line 1): open none.ca"},
		{"environment: prod", "fleet.gateways: must be"},
		{"environment: stage", "environment (line 1): must be dev or prod"},
		{"worker: {regoin: a}", "worker.regoin (line 1): unknown key; did you mean region?"},
	} {
		code, said := checked(t, tc.text, "WORD=word")
		if code != 2 || !slices.ContainsFunc(said, func(l string) bool { return strings.HasPrefix(l, tc.fault) }) {
			t.Errorf("%s\nexit code %d, and no line begins with %q in\n%s", tc.text, code, tc.fault, strings.Join(said, ""))
		}
	}
}

func TestWarningsLeaveTheCheckGood(t *testing.T) {
	t.Parallel()
	fleet := "fleet: {gateways: ['127.0.0.1:8082']}\n"
	for _, tc := range []struct{ text, warning string }{
		{"worker: {region: a}", "warning: fleet.gateways: is empty"},
		{fleet + "providers: [{name: m, kind: mock, region: b}]", `warning: worker.region: no provider is called from region "local"`},
	} {
		code, said := checked(t, tc.text)
		if code != 0 || len(said) != 2 || !strings.HasPrefix(said[0], tc.warning) {
			t.Errorf("%s\nexit code %d, %q", tc.text, code, said)
		}
	}
}
