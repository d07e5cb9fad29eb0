package cdntest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	algorithm = "SDK-HMAC-SHA256"
	dateForm  = "20060102T150405Z"
	skew      = 15 * time.Minute
)

var authorization = regexp.MustCompile(`^` + algorithm + ` Access=([^,]+), SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$`)

// verify is the documented check of an AK/SK signature, written from the
// documentation and not from the SDK.
func verify(r *http.Request, body []byte) error {
	m := authorization.FindStringSubmatch(r.Header.Get("Authorization"))
	if m == nil {
		return errors.New("not signed")
	}
	access, signed, signature := m[1], strings.Split(m[2], ";"), m[3]
	if access != AccessKey {
		return fmt.Errorf("access key %q", access)
	}
	if r.Header.Get("X-Domain-Id") != DomainID {
		return fmt.Errorf("account %q", r.Header.Get("X-Domain-Id"))
	}
	date := r.Header.Get("X-Sdk-Date")
	at, err := time.Parse(dateForm, date)
	if err != nil || time.Since(at).Abs() > skew {
		return fmt.Errorf("dated %q", date)
	}
	for _, must := range []string{"x-sdk-date", "x-domain-id"} { // the SDK leaves the host out
		if !slices.Contains(signed, must) {
			return fmt.Errorf("%s is not signed", must)
		}
	}
	if !slices.IsSorted(signed) {
		return errors.New("signed headers are not in order")
	}
	canonical := canonical(r, signed, body)
	if want := sign(canonical, date); !hmac.Equal([]byte(want), []byte(signature)) {
		return fmt.Errorf("signature does not match; signed should be %q", canonical)
	}
	return nil
}

func canonical(r *http.Request, signed []string, body []byte) string {
	path := strings.TrimSuffix(r.URL.EscapedPath(), "/") + "/"
	var headers strings.Builder
	for _, name := range signed {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host
		}
		headers.WriteString(name + ":" + strings.TrimSpace(value) + "\n")
	}
	return strings.Join([]string{r.Method, path, query(r.URL.Query()), headers.String(), strings.Join(signed, ";"), digest(body)}, "\n")
}

func query(q url.Values) string {
	return strings.ReplaceAll(q.Encode(), "+", "%20")
}

func sign(canonical, date string) string {
	h := hmac.New(sha256.New, []byte(SecretKey))
	h.Write([]byte(algorithm + "\n" + date + "\n" + digest([]byte(canonical))))
	return hex.EncodeToString(h.Sum(nil))
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
