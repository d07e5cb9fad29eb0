package httpapi

import (
	"testing"
)

func TestPagesOfOthersOpenNoSockets(t *testing.T) {
	t.Parallel()
	const public, app, foreign = "https://pictures.example", "https://app.example", "https://evil.example"
	for _, x := range []struct {
		public string
		cors   []string
		origin string // "host" is the host that is asked
		ok     bool
	}{
		{origin: "", ok: true},
		{origin: "host", ok: true},
		{origin: foreign},
		{origin: "null"},
		{origin: "%"},
		{public: public, origin: public, ok: true},
		{public: public, origin: "HTTPS://Pictures.example", ok: true},
		{public: public, origin: "http://pictures.example"},
		{public: public, origin: "https://pictures.example:8443"},
		{public: public, origin: "host"},
		{cors: []string{app}, origin: app, ok: true},
		{cors: []string{app}, origin: "host"},
		{cors: []string{app}, origin: foreign},
		{public: public, cors: []string{app}, origin: public, ok: true},
		{public: public, cors: []string{app}, origin: app, ok: true},
		{public: public, cors: []string{app}, origin: "host"},
		{cors: []string{"*"}, origin: foreign, ok: true},
	} {
		h := start(t, func(c *Config, _ *Deps) { c.PublicURL, c.CORSOrigins = x.public, x.cors })
		token := h.session()
		id := string(h.taskID(token))
		origin := x.origin
		if origin == "host" {
			origin = h.base
		}
		var headers []string
		if origin != "" {
			headers = []string{"Origin", origin}
		}
		refused := h.do("GET", "/tasks/"+id+"/ws", token, "", headers...).code() == "origin_refused"
		if refused == x.ok {
			t.Errorf("%+v: refused %v", x, refused)
		}
		if h.do("GET", "/tasks/"+id+"/ws?ticket="+token+"."+id, "", "", headers...).code() == "origin_refused" {
			t.Errorf("%+v: refused with a good ticket", x)
		}
	}
}

func TestBrowsersKeepToHTTPSWhereItIsPublic(t *testing.T) {
	t.Parallel()
	for public, want := range map[string]string{"": "", "http://h.example": "", "https://h.example": "max-age=31536000"} {
		h := start(t, func(c *Config, _ *Deps) { c.PublicURL = public })
		for _, path := range []string{"/", "/livez", "/nope"} {
			if got := h.do("GET", path, "", "").header.Get("Strict-Transport-Security"); got != want {
				t.Errorf("%s with %q: %q, want %q", path, public, got, want)
			}
		}
	}
}
