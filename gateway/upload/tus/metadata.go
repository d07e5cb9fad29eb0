package tus

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/imgfleet/imgfleet/gateway/upload"
	"github.com/imgfleet/imgfleet/pkg/fault"
)

const maxMetadata = 4 << 10

// parseMetadata reads Upload-Metadata: pairs of a key and a base64 value,
// separated by commas. Keys are unique; a value may be empty.
func parseMetadata(header string) (map[string]string, error) {
	invalid := fault.New(fault.UploadMetadataInvalid)
	out := make(map[string]string)
	if strings.TrimSpace(header) == "" {
		return out, nil
	}
	if len(header) > maxMetadata {
		return nil, invalid
	}
	for pair := range strings.SplitSeq(header, ",") {
		key, encoded, _ := strings.Cut(strings.TrimSpace(pair), " ")
		value, err := base64.StdEncoding.DecodeString(encoded)
		if _, again := out[key]; key == "" || !printable(key) || again || err != nil {
			return nil, invalid
		}
		out[key] = string(value)
	}
	return out, nil
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// parseConsent reads the metadata "consent": "true", the version of the policy
// that was shown, or the JSON of POST /uploads.
func parseConsent(value string) upload.Consent {
	var given struct {
		PolicyVersion string `json:"policyVersion"`
	}
	switch {
	case value == "" || value == "false" || !utf8.ValidString(value):
		return upload.Consent{}
	case value == "true":
		return upload.Consent{Given: true}
	case json.Unmarshal([]byte(value), &given) == nil:
		return upload.Consent{Given: given.PolicyVersion != "", PolicyVersion: given.PolicyVersion}
	default:
		return upload.Consent{Given: true, PolicyVersion: value}
	}
}
