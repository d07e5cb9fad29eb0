package hunyuantest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// maxSkew is how far a request's clock may be off.
const maxSkew = 5 * time.Minute

// authorization is written here as the vendor documents it, apart from the
// driver's: one mistake in both is less likely than one in either.
var authorization = regexp.MustCompile(
	`^TC3-HMAC-SHA256 Credential=([^/]+)/(\d{4}-\d\d-\d\d)/([a-z]+)/tc3_request, SignedHeaders=content-type;host, Signature=([0-9a-f]{64})$`)

// verify checks a request as the door of Tencent Cloud API 3.0 does.
func verify(r *http.Request, body []byte, id, key string, now time.Time) *refused {
	if r.Method != http.MethodPost || r.URL.Path != "/" || r.URL.RawQuery != "" {
		return refuse("InvalidRequest", "%s %s: want POST /", r.Method, r.URL.Path)
	}
	if ct := r.Header.Get("Content-Type"); ct != "application/json" {
		return refuse("InvalidRequest", "Content-Type is %q", ct)
	}
	for _, name := range []string{"X-TC-Action", "X-TC-Version", "X-TC-Timestamp", "X-TC-Region"} {
		if r.Header.Get(name) == "" {
			return refuse("MissingParameter", "%s is missing", name)
		}
	}
	seconds, err := strconv.ParseInt(r.Header.Get("X-TC-Timestamp"), 10, 64)
	if err != nil {
		return refuse("InvalidParameter", "X-TC-Timestamp is no number of seconds")
	}
	at := time.Unix(seconds, 0)
	if off := now.Sub(at); off > maxSkew || off < -maxSkew {
		return refuse("AuthFailure.SignatureExpire", "the clock is off by %v", off.Round(time.Second))
	}
	m := authorization.FindStringSubmatch(r.Header.Get("Authorization"))
	if m == nil {
		return refuse("AuthFailure.InvalidAuthorization", "Authorization is not as documented")
	}
	if m[1] != id {
		return refuse("AuthFailure.SecretIdNotFound", "the SecretId is not known")
	}
	if want := at.UTC().Format(time.DateOnly); m[2] != want {
		return refuse("AuthFailure.SignatureFailure", "the scope's date is %s, the timestamp's %s", m[2], want)
	}
	if m[3] != service {
		return refuse("AuthFailure.SignatureFailure", "the scope's service is %s", m[3])
	}
	if want := signature(key, r.Host, body, seconds, m[2]); !hmac.Equal([]byte(want), []byte(m[4])) {
		return refuse("AuthFailure.SignatureFailure", "the signature does not match")
	}
	return nil
}

// signature follows the vendor's description step by step.
func signature(key, host string, body []byte, seconds int64, date string) string {
	request := strings.Join([]string{
		"POST", "/", "", "content-type:application/json", "host:" + host, "", "content-type;host", sha(body),
	}, "\n")
	text := fmt.Sprintf("TC3-HMAC-SHA256\n%d\n%s/%s/tc3_request\n%s", seconds, date, service, sha([]byte(request)))
	secret := hash([]byte("TC3"+key), date)
	secret = hash(secret, service)
	secret = hash(secret, "tc3_request")
	return hex.EncodeToString(hash(secret, text))
}

func hash(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	_, _ = h.Write([]byte(text))
	return h.Sum(nil)
}

func sha(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b)) }
