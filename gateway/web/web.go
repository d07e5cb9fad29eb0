package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"path"
	"strings"
)

//go:embed static
var static embed.FS

// Page returns a page in a language and its ETag.
func Page(name, language string) (body []byte, tag string, ok bool) {
	body, err := static.ReadFile("static/" + name)
	if err != nil {
		return nil, "", false
	}
	if strings.HasPrefix(language, "en") {
		body = bytes.Replace(body, []byte(`<html lang="zh-CN">`), []byte(`<html lang="en">`), 1)
	}
	return body, tagOf(body), true
}

// Asset returns a script or style, its media type and its ETag.
func Asset(name string) (body []byte, contentType, tag string, ok bool) {
	types := map[string]string{".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
	contentType, ok = types[path.Ext(name)]
	if !ok {
		return nil, "", "", false
	}
	body, err := static.ReadFile("static/" + path.Base(name))
	if err != nil {
		return nil, "", "", false
	}
	return body, contentType, tagOf(body), true
}

func tagOf(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + hex.EncodeToString(sum[:8]) + `"`
}
