package hunyuan

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"
)

const (
	algorithm   = "TC3-HMAC-SHA256"
	contentType = "application/json"
	signed      = "content-type;host"
)

// credentials sign requests to Tencent Cloud API 3.0.
type credentials struct{ id, key string }

// parseKey reads "SecretId:SecretKey".
func parseKey(s string) (credentials, error) {
	id, key, ok := strings.Cut(s, ":")
	if !ok || id == "" || key == "" || strings.ContainsAny(s, " \t\r\n,/") {
		return credentials{}, errors.New("apiKey: must be SecretId:SecretKey")
	}
	return credentials{id, key}, nil
}

// sign is the Authorization header of a POST of body to the root of host.
func (c credentials) sign(host string, body []byte, at time.Time) string {
	date := at.UTC().Format(time.DateOnly)
	scope := date + "/" + service + "/tc3_request"
	canonical := "POST\n/\n\ncontent-type:" + contentType + "\nhost:" + host + "\n\n" + signed + "\n" + digest(body)
	text := algorithm + "\n" + strconv.FormatInt(at.Unix(), 10) + "\n" + scope + "\n" + digest([]byte(canonical))
	key := []byte("TC3" + c.key)
	for _, part := range []string{date, service, "tc3_request"} {
		key = mac(key, part)
	}
	return algorithm + " Credential=" + c.id + "/" + scope + ", SignedHeaders=" + signed +
		", Signature=" + hex.EncodeToString(mac(key, text))
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	_, _ = h.Write([]byte(text))
	return h.Sum(nil)
}
