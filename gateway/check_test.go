package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/imgfleet/imgfleet/pkg/program"
)

// checked runs the gateway in its check, and again as a start that must not
// begin: both say the same. It returns the lines.
func checked(t *testing.T, text string, environ ...string) (code int, lines []string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "gateway.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return checkFile(t, file, environ...)
}

func checkFile(t *testing.T, file string, environ ...string) (code int, lines []string) {
	t.Helper()
	var out bytes.Buffer
	p := program.Process{Args: []string{"-config", file, "-check-config"}, Environ: environ, Stdin: strings.NewReader(""), Stderr: &out}
	code = run(t.Context(), p)
	if code != 0 {
		var start bytes.Buffer
		p.Args, p.Stderr = p.Args[:2], &start
		if started := run(t.Context(), p); started != code || start.String() != out.String() {
			t.Errorf("the start ends with %d and says\n%s\nthe check with %d and\n%s", started, start.String(), code, out.String())
		}
	}
	return code, slices.Collect(strings.Lines(out.String()))
}

func TestTheCheckFindsWhatTheStartWouldRefuse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	word := filepath.Join(dir, "word")
	if err := os.WriteFile(word, []byte("word"), 0o600); err != nil {
		t.Fatal(err)
	}
	bucket := "store: {kind: obs, obs: {endpoint: 'https://obs.example.com', bucket: b, accessKey: 'env:AK', secretKey: 'env:AK'}}\n"
	for _, tc := range []struct{ text, fault string }{
		{"environment: stage", "environment (line 1): must be dev or prod"},
		{"http: {publicUrl: pictures.example.com}", "http.publicUrl (line 1): must be http://host or https://host"},
		{"http: {publicUrl: 'https://a.example?b'}", "http.publicUrl (line 1): must be"},
		{"http: {internalUrl: '10.0.0.5:8080'}", "http.internalUrl (line 1): must be"},
		{"http: {trustedProxies: [10.0.0.0/8, lb.example]}", "http.trustedProxies[1] (line 1): must be an address or a prefix"},
		{"http: {corsOrigins: [www.example.com]}", "http.corsOrigins[0] (line 1): must be"},
		{"http: {node: A_B}", "http.node (line 1): must be"},
		{"http: {listen: '127.0.0.1:65536'}", "http.listen (line 1): must be host:port"},
		{"http: {listen: ''}", "http.listen (line 1): must be host:port"},
		{"admin: {listen: '127.0.0.1'}", "admin.listen (line 1): must be host:port"},
		{"fleet: {listen: '127.0.0.1:8081'}", "fleet.listen (line 1): admin.listen listens at 127.0.0.1:8081 already"},
		{"engine: {listen: '0.0.0.0:8080'}", "engine.listen (line 1): http.listen listens at"},
		{"admin: {token: short}", "admin.token (line 1): needs at least 16 characters"},
		{"admin: {token: 'env:SHORT'}", "admin.token (line 1): needs at least 16 characters"},
		{"admin: {token: 'env:NOWHERE'}", "admin.token (line 1): env:NOWHERE: the variable is not set"},
		{"fleet: {token: 'file:" + dir + "/none'}", "fleet.token (line 1): file:"},
		{"engine: {token: 'env:NOWHERE'}", "engine.token (line 1): env:NOWHERE"},
		{"data: {dir: ''}", "data.dir (line 1): must not be empty"},
		{"data: {dir: '" + word + "/below'}", "data.dir (line 1): "},
		{"data: {dir: '" + word + "'}", "data.dir (line 1): " + word + " is no directory"},
		{"log: {level: chatty}", "log.level (line 1): must be debug, info, warn or error"},
		{"log: {format: xml}", "log.format (line 1): must be auto, json or pretty"},
		{"providers: [{name: a, kind: mock, weight: 1001}]", "providers[0].weight (line 1): must be 0…1000"},
		{"providers: [{name: a, kind: mock, weight: -1}]", "providers[0].weight (line 1): must be 0…1000"},
		{"providers: [{name: a, kind: mock, weight: 0}]", "providers (line 1): every weight is 0"},
		{"providers: [{name: a, kind: seedream, priceFen: 1, weight: 0}, {name: m, kind: mock}]", "providers (line 1): every weight is 0"},
		{"providers: [{name: a, kind: mock}, {name: a, kind: mock}]", "providers[1].name (line 1): must be given and unique"},
		{"providers: [{name: a, kind: teapot, priceFen: 1}]", "providers[0].kind (line 1): must be one of"},
		{"providers: [{name: a, kind: mock, timeout: -1s}]", "providers[0].timeout (line 1): must be positive"},
		{"providers: []", "providers (line 1): at least one is needed"},
		{"session: {ttl: -1s}", "session.ttl (line 1): must be at least 1s"},
		{"session: {renewWithin: -1s}", "session.renewWithin (line 1): must not be negative"},
		{"retention: -1h", "retention (line 1): must be at least 1s"},
		{"limits: {taskTimeout: 0s}", "limits.taskTimeout (line 1): must be at least 1s"},
		{"limits: {sessionDaily: -1}", "limits.sessionDaily (line 1): must not be negative"},
		{"fallback: {hedgeBudget: .nan}", "fallback.hedgeBudget (line 1): must be a number"},
		{"fallback: {hedgeBudget: 1.5}", "fallback.hedgeBudget (line 1): must be 0…1"},
		{"objectives: {p95: 0s}", "objectives.p95 (line 1): must be above 0, such as 7s"},
		{"objectives: {success: 99.5}", "objectives.success (line 1): must be 0…1, such as 0.995"},
		{"objectives: {errors: .nan}", "objectives.errors (line 1): must be"},
		{"fallback: {unknown: maybe}", "fallback.unknown (line 1): must be wait, next or fail"},
		{"fallback: {noticeAfter: -1s}", "fallback.noticeAfter (line 1): must be positive"},
		{"dispatch: {window: 0}", "dispatch.window (line 1): must be 1…65536"},
		{"engine: {sync: -1s}", "engine.sync (line 1): must be"},
		{"store: {kind: disc}", "store.kind (line 1): must be disk or obs"},
		{"cdn: {baseUrl: 'https://cdn.example.com'}", "cdn.baseUrl (line 1): needs store.kind obs"},
		{"cdn: {domainId: d}", "cdn.baseUrl (line 1): must be given"},
		{bucket + "cdn: {baseUrl: 'cdn.example.com', signingKey: 'env:AK'}", "cdn.baseUrl (line 2): must be http(s)://host"},
		{bucket + "cdn: {baseUrl: 'https://cdn.example.com', signingKey: 'env:SHORT'}", "cdn.signingKey (line 2): must be 6 to 32 letters and digits"},
		{"tls: {cert: none.pem, key: k.pem, clientCA: ca.pem}", "tls.cert (line 1): open none.pem"},
		{"tls: {cert: '" + word + "', key: '" + word + "', clientCA: '" + word + "'}", "tls.cert, tls.key (line 1): "},
		{"tls: {cert: c.pem}", "tls.key (line 1): is missing"},
		{"moderation: {wordsFile: '" + dir + "/none'}", "moderation.wordsFile (line 1): "},
		{"moderation: {words: ['...']}", "moderation.words[0] (line 1): holds no letter"},
		{"limits: {sesionDaily: 1}", "limits.sesionDaily (line 1): unknown key; did you mean sessionDaily?"},
		{"http: [", "-config: "},
		{"- a", "-config: "},
	} {
		code, lines := checked(t, tc.text, "AK=abcdef123456", "SHORT=a-b")
		if code != 2 || !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, tc.fault) }) {
			t.Errorf("%s\nexit code %d, and no line begins with %q in\n%s", tc.text, code, tc.fault, strings.Join(lines, ""))
		}
	}
}

func TestTheCheckNamesEverythingAtOnce(t *testing.T) {
	t.Parallel()
	code, lines := checked(t, "http: {publicUrl: x}\nadmin: {token: 'env:SHORT'}\nengine: {token: 'env:NOWHERE'}\ntls: {cert: none.pem, key: none.key, clientCA: none.ca}\nlog: {level: x}",
		"SHORT=short", "IMGFLEET_HTTP_NODE=A", "IMGFLEET_HTP_NODE=b")
	for _, key := range []string{
		"http.publicUrl (line 1)", "admin.token (line 2)", "engine.token (line 3)", "tls.cert (line 4)", "tls.key (line 4)", "tls.clientCA (line 4)",
		"log.level (line 5)", "http.node (IMGFLEET_HTTP_NODE)", "IMGFLEET_HTP_NODE: unknown variable; did you mean IMGFLEET_HTTP_NODE?",
	} {
		if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, key) }) {
			t.Errorf("%s is not named", key)
		}
	}
	if code != 2 || len(lines) != 9 {
		t.Errorf("exit code %d, %d lines, want 9:\n%s", code, len(lines), strings.Join(lines, ""))
	}
}

func TestAFileThatCannotBeReadIsNamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, file := range []string{dir, filepath.Join(dir, "none.yaml")} {
		if code, lines := checkFile(t, file); code != 2 || len(lines) != 1 || !strings.Contains(lines[0], file) {
			t.Errorf("%s: exit code %d, %q", file, code, lines)
		}
	}
}

func TestTheCheckHasNoSideEffects(t *testing.T) {
	t.Parallel()
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	dir := filepath.Join(t.TempDir(), "data")
	for _, engine := range []string{"", "engine: {url: 'nats://" + taken.Addr().String() + "'}\nstore: {shared: true}\n"} {
		// The port is taken, and the engine never answers: neither matters.
		code, lines := checked(t, engine+"http: {listen: '"+taken.Addr().String()+"', node: a}\ndata: {dir: '"+dir+"'}\n")
		if code != 0 || len(lines) != 1 || lines[0] != "configuration: no faults\n" {
			t.Errorf("exit code %d, %q", code, lines)
		}
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the data directory: %v, want none", err)
	}
}

func TestWarningsLeaveTheCheckGood(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ text, warning string }{
		{"providers: [{name: a, kind: seedream}]", "warning: providers[0].priceFen (line 1): is missing"},
		{"engine: {url: 'nats://e:4222'}\nstore: {kind: obs, obs: {endpoint: 'https://o.example', bucket: b, credentials: ecs}}", "warning: http.node: is not set"},
		{"engine: {url: 'nats://e:4222', listen: '127.0.0.1:4222'}\nstore: {shared: true}", "warning: engine.listen (line 1): has no effect"},
		{"store: {obs: {bucket: b}}", "warning: store.obs (line 1): has no effect, because store.kind is disk"},
		{"cdn: {validity: 1h}", "warning: cdn (line 1): has no effect"},
		{"limits: {taskTimeout: 2h}\nretention: 1h", "warning: limits.taskTimeout (line 1): is 2h0m0s, but"},
		{"# nothing", "warning: -config: "},
	} {
		code, lines := checked(t, tc.text)
		if code != 0 || len(lines) != 2 || !strings.HasPrefix(lines[0], tc.warning) || lines[1] != "configuration: no faults\n" {
			t.Errorf("%s\nexit code %d, %q", tc.text, code, lines)
		}
	}
}

func TestSecretsThatAreKeptAreChecked(t *testing.T) {
	t.Parallel()
	for file, key := range map[string]string{"admin.token": "admin.token", "fleet-token": "fleet.token", "engine-token": "engine.token"} {
		dir := t.TempDir()
		for name, text := range map[string]string{"empty": "", "blank": " \n"} {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			code, lines := checked(t, "engine: {listen: '127.0.0.1:0'}\ndata: {dir: "+dir+"}\n")
			if said := strings.Join(lines, ""); code != 2 || !strings.Contains(said, key) || !strings.Contains(said, "remove") {
				t.Errorf("%s file %s: exit code %d, %s", name, file, code, said)
			}
		}
	}
}
