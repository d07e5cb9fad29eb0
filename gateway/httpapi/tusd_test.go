package httpapi

import (
	"strconv"
	"strings"
	"testing"
)

const chunkType = "application/offset+octet-stream"

// tusCase is one request of the protocol and what must come back, seen from
// outside. "{upload}" in a path is an upload of 10 bytes that has 5, "{done}"
// one that has all.
type tusCase struct {
	method, path string
	body         string
	headers      []string // name, value; without "Tus-Resumable" the version is 1.0.0
	status       int
	code         string   // of the problem
	want         []string // name, value; "*" is any value, "" none
	offset       string   // of the upload afterwards, by HEAD
}

// The names are those of tusd's own tests (pkg/handler of v2.9.1), so that the
// lists can be compared. What has no row: hooks, callbacks, contexts and
// progress messages, which cannot be seen from outside.
func tusdCases() map[string]tusCase {
	all := make(map[string]tusCase)
	for _, group := range []map[string]tusCase{tusdOptions(), tusdCreation(), tusdCreationRefusals(), tusdHead(), tusdPatch(), tusdUnsupported(), tusdTermination()} {
		for name, c := range group {
			all[name] = c
		}
	}
	return all
}

func tusdOptions() map[string]tusCase {
	return map[string]tusCase{
		"Options/Discovery": {method: "OPTIONS", path: "/uploads/tus", status: 200, want: []string{
			"Tus-Extension", "creation,creation-with-upload,termination,checksum,expiration", "Tus-Version", "1.0.0",
			"Tus-Resumable", "1.0.0", "Tus-Max-Size", "67108864", "Tus-Checksum-Algorithm", "sha1,sha256"}},
		"Options/DiscoveryOfAnUpload":  {method: "OPTIONS", path: "{upload}", status: 200, want: []string{"Tus-Version", "1.0.0"}},
		"Options/VersionDoesNotMatter": {method: "OPTIONS", path: "/uploads/tus", headers: []string{"Tus-Resumable", "foo"}, status: 200},
		"Options/InvalidVersion": {method: "POST", path: "/uploads/tus", headers: []string{"Tus-Resumable", "foo", "Upload-Length", "5"},
			status: 412, code: "tus_version_unsupported", want: []string{"Tus-Version", "1.0.0", "Location", ""}},
		"Options/MissingVersion": {method: "PATCH", path: "{upload}", body: "world", headers: []string{"Tus-Resumable", "", "Upload-Offset", "5", "Content-Type", chunkType},
			status: 412, code: "tus_version_unsupported", offset: "5"},
		"Options/ExperimentalProtocol": {method: "OPTIONS", path: "/uploads/tus", headers: []string{"Upload-Draft-Interop-Version", "6"},
			status: 200, want: []string{"Upload-Limit", "", "Upload-Draft-Interop-Version", ""}},
	}
}

func tusdCreation() map[string]tusCase {
	created := []string{"Location", "*", "Upload-Id", "*", "Upload-Expires", "*", "Upload-Offset", "0", "Content-Type", ""}
	relative := []string{"Location", "/uploads/tus/…"}
	return map[string]tusCase{
		"Post/Create": {method: "POST", path: "/uploads/tus", headers: []string{"Upload-Length", "300", "Upload-Metadata", photoMetadata + ", name bHVucmpzLnBuZw==,empty"},
			status: 201, want: created},
		"Post/IgnoreXForwarded": {method: "POST", path: "/uploads/tus", headers: []string{"Upload-Length", "300", "Upload-Metadata", photoMetadata,
			"X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "https"}, status: 201, want: relative},
		"Post/IgnoreForwarded": {method: "POST", path: "/uploads/tus", headers: []string{"Upload-Length", "300", "Upload-Metadata", photoMetadata,
			"Forwarded", `for=192.168.10.112;host="upload.example:8443";proto=https`}, status: 201, want: relative},
		"Post/WithUpload": {method: "POST", path: "/uploads/tus", body: "hello world", headers: []string{"Upload-Length", "300", "Upload-Metadata", photoMetadata,
			"Content-Type", chunkType}, status: 201, want: []string{"Location", "*", "Upload-Offset", "11"}},
		"Post/WithUpload/IncorrectContentType": {method: "POST", path: "/uploads/tus", body: "hello world", headers: []string{"Upload-Length", "300",
			"Upload-Metadata", photoMetadata, "Content-Type", "application/false"}, status: 201, want: created},
	}
}

func tusdCreationRefusals() map[string]tusCase {
	create := func(body string, status int, code string, headers ...string) tusCase {
		return tusCase{method: "POST", path: "/uploads/tus", body: body, headers: append(headers, "Upload-Metadata", photoMetadata), status: status, code: code,
			want: []string{"Location", "", "Upload-Id", ""}}
	}
	return map[string]tusCase{
		"Post/CreateEmptyUpload":                       create("", 400, "invalid_request", "Upload-Length", "0"), // a photo has a byte
		"Post/CreateExceedingMaxSizeFail":              create("", 413, "upload_too_large", "Upload-Length", "99999999999"),
		"Post/InvalidUploadLengthFail":                 create("", 400, "upload_length_invalid", "Upload-Length", "-5"),
		"Post/InvalidUploadLengthFail/Word":            create("", 400, "upload_length_invalid", "Upload-Length", "five"),
		"Post/InvalidUploadLengthFail/Overflow":        create("", 400, "upload_length_invalid", "Upload-Length", "9223372036854775808"),
		"Post/UploadLengthAndUploadDeferLengthFail":    create("", 400, "tus_extension_unsupported", "Upload-Length", "10", "Upload-Defer-Length", "1"),
		"Post/NeitherUploadLengthNorUploadDeferLength": create("", 400, "upload_length_invalid"),
		"Post/InvalidUploadDeferLengthFail":            create("", 400, "upload_length_invalid", "Upload-Defer-Length", "bad"),
		"Post/WithUpload/CreateExceedingUploadSize":    create("hello world", 413, "upload_too_large", "Upload-Length", "10", "Content-Type", chunkType),
		"Post/WithUpload/WrongChecksum":                create("hello world", 460, "chunk_checksum_mismatch", "Upload-Length", "20", "Content-Type", chunkType, "Upload-Checksum", "sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
		"Post/InvalidMetadata":                         {method: "POST", path: "/uploads/tus", headers: []string{"Upload-Length", "5", "Upload-Metadata", "a b c"}, status: 400, code: "upload_metadata_invalid"},
		"Post/NoConsent":                               {method: "POST", path: "/uploads/tus", headers: []string{"Upload-Length", "5", "Upload-Metadata", "filetype aW1hZ2UvanBlZw=="}, status: 422, code: "consent_required"},
	}
}

func tusdHead() map[string]tusCase {
	return map[string]tusCase{
		"Head/Status": {method: "HEAD", path: "{upload}", status: 200, want: []string{"Upload-Offset", "5", "Upload-Length", "10",
			"Upload-Metadata", photoMetadata, "Cache-Control", "no-store", "Upload-Expires", "*", "Content-Length", ""}},
		"Head/StatusOfAFinishedOne": {method: "HEAD", path: "{done}", status: 200, want: []string{"Upload-Offset", "10", "Upload-Length", "10"}},
		"Head/UploadNotFoundFail":   {method: "HEAD", path: "{gone}", status: 404, want: []string{"Upload-Offset", ""}},
		"Head/NoCapability":         {method: "HEAD", path: "/uploads/tus/no", status: 403, want: []string{"Upload-Offset", ""}},
		"Head/NoDeferLengthHeader":  {method: "HEAD", path: "{upload}", status: 200, want: []string{"Upload-Defer-Length", ""}},
		"Get/Download":              {method: "GET", path: "{done}", status: 405, code: "method_not_allowed"}, // photos are served elsewhere, normalised
		"Get/EmptyDownload":         {method: "GET", path: "{upload}", status: 405, code: "method_not_allowed"},
	}
}

func tusdPatch() map[string]tusCase {
	patch := func(path, body string, status int, code, offset string, headers ...string) tusCase {
		if len(headers) == 0 {
			headers = []string{"Upload-Offset", "5"}
		}
		return tusCase{method: "PATCH", path: path, body: body, headers: append([]string{"Content-Type", chunkType}, headers...), status: status, code: code, offset: offset}
	}
	last := patch("{upload}", "world", 204, "", "10")
	last.want = []string{"Upload-Offset", "10", "Upload-Expires", "*", "Content-Type", ""}
	override := patch("{upload}", "world", 204, "", "10", "Upload-Offset", "5", "X-HTTP-Method-Override", "PATCH")
	override.method = "POST"
	return map[string]tusCase{
		"Patch/UploadChunk":            last,
		"Patch/UploadChunk/NotTheLast": patch("{upload}", "wor", 204, "", "8"),
		"Patch/UploadChunk/Empty":      patch("{upload}", "", 204, "", "5"),
		"Patch/UploadChunk/WithChecksum": patch("{upload}", "world", 204, "", "10", "Upload-Offset", "5",
			"Upload-Checksum", "sha256 SG6kYiTRu0+2gPNPfJrZao8k7Ii+c+qOWmxlJg6cuKc="),
		"Patch/MethodOverriding":                     override,
		"Patch/UploadChunkToFinished":                patch("{done}", "", 204, "", "10", "Upload-Offset", "10"),
		"Patch/UploadNotFoundFail":                   patch("{gone}", "", 404, "upload_not_found", ""),
		"Patch/MissmatchingOffsetFail":               patch("{upload}", "world", 409, "upload_offset_mismatch", "5", "Upload-Offset", "4"),
		"Patch/MissmatchingOffsetFail/Later":         patch("{upload}", "world", 409, "upload_offset_mismatch", "5", "Upload-Offset", "6"),
		"Patch/ExceedingMaxSizeFail":                 patch("{upload}", "hellothisismore", 413, "upload_too_large", "5"),
		"Patch/InvalidContentTypeFail":               patch("{upload}", "world", 415, "unsupported_media_type", "5", "Upload-Offset", "5", "Content-Type", "application/fail"),
		"Patch/InvalidOffsetFail":                    patch("{upload}", "world", 400, "upload_offset_invalid", "5", "Upload-Offset", "-5"),
		"Patch/InvalidOffsetFail/Word":               patch("{upload}", "world", 400, "upload_offset_invalid", "5", "Upload-Offset", "five"),
		"Patch/InvalidOffsetFail/None":               patch("{upload}", "world", 400, "upload_offset_invalid", "5", "Upload-Length", "10"),
		"Patch/ChecksumMismatch":                     patch("{upload}", "world", 460, "chunk_checksum_mismatch", "5", "Upload-Offset", "5", "Upload-Checksum", "sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
		"Patch/UnknownChecksum":                      patch("{upload}", "world", 400, "chunk_checksum_invalid", "5", "Upload-Offset", "5", "Upload-Checksum", "md5 AAAA"),
		"Patch/DeclareLengthOnFinalChunk":            patch("{upload}", "world", 400, "tus_extension_unsupported", "5", "Upload-Offset", "5", "Upload-Length", "10"),
		"Patch/DeclareLengthAfterFinalChunk":         patch("{done}", "", 204, "", "10", "Upload-Offset", "10", "Upload-Length", "10"), // nothing is left to refuse
		"Patch/ExperimentalProtocolIsNotThere":       patch("{upload}", "world", 204, "", "10", "Upload-Offset", "5", "Upload-Complete", "?0"),
		"Patch/ExperimentalProtocolNeedsItsOwnTypes": patch("{upload}", "world", 415, "unsupported_media_type", "5", "Upload-Offset", "5", "Content-Type", "application/partial-upload", "Upload-Complete", "?1"),
	}
}

// tusdUnsupported proves that what OPTIONS does not name is not there either.
func tusdUnsupported() map[string]tusCase {
	create := func(headers ...string) tusCase {
		return tusCase{method: "POST", path: "/uploads/tus", headers: append(headers, "Upload-Metadata", photoMetadata), status: 400, code: "tus_extension_unsupported"}
	}
	return map[string]tusCase{
		"Concat/Partial/Create":             create("Upload-Length", "300", "Upload-Concat", "partial"),
		"Concat/Final/Create":               create("Upload-Concat", "final;/uploads/tus/a /uploads/tus/b"),
		"Concat/InvalidConcatHeaderFail":    create("Upload-Length", "300", "Upload-Concat", "final;"),
		"Post/DeferredLength":               create("Upload-Defer-Length", "1"),
		"Post/ExperimentalProtocolIsNoPOST": {method: "POST", path: "/uploads/tus", headers: []string{"Upload-Draft-Interop-Version", "6", "Upload-Complete", "?1", "Tus-Resumable", ""}, body: "hello", status: 412, code: "tus_version_unsupported"},
	}
}

func tusdTermination() map[string]tusCase {
	return map[string]tusCase{
		"Terminate/Termination":          {method: "DELETE", path: "{upload}", status: 204, offset: "404"},
		"Terminate/OfAFinishedOne":       {method: "DELETE", path: "{done}", status: 204, offset: "404"},
		"Terminate/UploadNotFoundFail":   {method: "DELETE", path: "{gone}", status: 404, code: "upload_not_found"},
		"Terminate/OverriddenByPOST":     {method: "POST", path: "{upload}", headers: []string{"X-HTTP-Method-Override", "DELETE"}, status: 204, offset: "404"},
		"Terminate/RejectTermination":    {method: "DELETE", path: "{judged}", status: 409, code: "upload_already_complete", offset: "10"},
		"Terminate/WithoutTheCapability": {method: "DELETE", path: "/uploads/tus/no", status: 403, code: "signature_invalid"},
		"Terminate/InvalidVersion":       {method: "DELETE", path: "{upload}", headers: []string{"Tus-Resumable", "2.0.0"}, status: 412, code: "tus_version_unsupported", offset: "5"},
	}
}

func TestWhatTusdTestsHoldsHere(t *testing.T) {
	t.Parallel()
	h := start(t)
	token := h.session()
	for name, c := range tusdCases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := &harness{t: t, world: h.world, server: h.server, base: h.base}
			path := h.prepared(token, c.path)
			if c.method == "GET" || (c.method == "POST" && !strings.Contains(c.path, "{")) {
				c.headers = append(c.headers, "Authorization", "Bearer "+token)
			}
			r := h.do(c.method, path, "", c.body, versioned(c.headers)...)
			if r.status != c.status || r.code() != c.code {
				t.Errorf("%d %q, want %d %q: %s", r.status, r.code(), c.status, c.code, r.body)
			}
			c.check(t, r)
			if c.offset == "" {
				return
			}
			after := h.do("HEAD", path, "", "", "Tus-Resumable", "1.0.0")
			if got := after.header.Get("Upload-Offset"); got != c.offset && strconv.Itoa(after.status) != c.offset {
				t.Errorf("afterwards %d with offset %q, want %s", after.status, got, c.offset)
			}
		})
	}
}

// versioned adds the version, unless the test has its own.
func versioned(headers []string) []string {
	all := []string{"Content-Type", ""}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Tus-Resumable" {
			return append(all, headers...)
		}
	}
	return append(append(all, "Tus-Resumable", "1.0.0"), headers...)
}

func (c tusCase) check(t *testing.T, r reply) {
	t.Helper()
	if r.header.Get("Tus-Resumable") != "1.0.0" {
		t.Errorf("Tus-Resumable = %q", r.header.Get("Tus-Resumable"))
	}
	if (c.code == "" || c.method == "HEAD") && len(r.body) > 0 {
		t.Errorf("a body: %s", r.body)
	}
	for i := 0; i < len(c.want); i += 2 {
		got, want := r.header.Get(c.want[i]), c.want[i+1]
		prefix, open := strings.CutSuffix(want, "…")
		if (want == "*" && got != "") || got == want || (open && strings.HasPrefix(got, prefix)) {
			continue
		}
		t.Errorf("%s = %q, want %q", c.want[i], got, want)
	}
}

// prepared makes the upload that a path names.
func (h *harness) prepared(token, path string) string {
	h.t.Helper()
	if !strings.HasPrefix(path, "{") {
		return path
	}
	location, id := h.resumable(token, 10)
	h.piece(location, 0, "hello")
	if path == "{done}" || path == "{judged}" {
		h.piece(location, 5, "world")
	}
	if path == "{judged}" {
		h.do("POST", "/uploads/"+id+"/complete", token, "")
	}
	if path == "{gone}" {
		h.do("DELETE", location, "", "", "Tus-Resumable", "1.0.0")
	}
	return location
}
