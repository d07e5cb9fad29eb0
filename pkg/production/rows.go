package production

import (
	"fmt"
	"net/url"

	"github.com/imgfleet/imgfleet/pkg/check"
)

// Row is one thing that prod refuses. Add one here, and to the tables in
// deploy/operating.md and its twin: a test compares them.
type Row struct {
	Keys    []string // as operators write them
	Refused string   // what of them
	Chinese string   // the same
	find    func(Facts, *check.Faults)
}

// Rows is the table.
func Rows() []Row {
	return []Row{
		{[]string{"admin.listen", "engine.listen"}, "beyond loopback, unless it has both TLS and a token", "监听在回环地址之外，除非同时配置了 TLS 和令牌", open},
		{[]string{"fleet.listen", "worker.listen"}, "beyond loopback without mutual TLS; with it the token is optional", "监听在回环地址之外而没有双向 TLS；有双向 TLS 时令牌可省略", unproved},
		{[]string{"every secret"}, "written itself, not as a reference", "直接写出密钥本身，而不是引用", literal},
		{[]string{"cdn.baseUrl", "http.publicUrl"}, "set and not https", "已设置但不是 https", plain},
		{[]string{"providers[].priceFen"}, "missing for a real model; 0 written out means a server of your own", "真实模型缺少价格；写明 0 表示自有服务器", unpriced},
		{[]string{"providers"}, "no real model", "没有任何真实模型", unreal},
		{[]string{"fleet.gateways", "worker.advertise"}, "missing, so that no gateway finds the worker", "缺失，网关因此找不到该 worker", lost},
		{[]string{"egress.allow"}, "an address of this machine", "指向本机的地址", local},
	}
}

func open(x Facts, faults *check.Faults) {
	for _, l := range x.Listeners {
		if l.Proof != Both || !check.Beyond(l.Address) {
			continue
		}
		faults.If(!l.TLS, "%s: %s is not loopback, so prod asks for %s.tls.cert and %s.tls.key", l.Key, l.Address, l.section(), l.section())
		faults.If(!l.Token, "%s: %s is not loopback, so prod asks for %s.token", l.Key, l.Address, l.section())
	}
}

func unproved(x Facts, faults *check.Faults) {
	for _, l := range x.Listeners {
		faults.If(l.Proof == Mutual && !l.TLS && check.Beyond(l.Address),
			"%s: %s is not loopback, so tls.cert, tls.key and tls.clientCA are required", l.Key, l.Address)
	}
}

func literal(x Facts, faults *check.Faults) {
	for _, s := range x.Secrets {
		faults.If(s.Ref.Literal(), "%s: holds the secret itself; in prod it must be a reference such as env:NAME or file:PATH", s.Key)
	}
}

func plain(x Facts, faults *check.Faults) {
	for _, l := range x.Links {
		if u, err := url.Parse(l.URL); l.URL != "" && (err != nil || u.Scheme != "https") {
			faults.Say("%s: must begin with https:// in prod", l.Key)
		}
	}
}

func unpriced(x Facts, faults *check.Faults) {
	for i, p := range x.Providers {
		faults.If(p.Real && !p.Priced, "providers[%d].priceFen: is missing; prod asks what a picture of %s costs in fen, 0 for a server of your own", i, p.Name)
	}
}

func unreal(x Facts, faults *check.Faults) {
	for _, p := range x.Providers {
		if p.Real {
			return
		}
	}
	faults.Say("providers: only the mock is there; prod asks for a real model")
}

func local(x Facts, faults *check.Faults) {
	for i, entry := range x.Egress {
		faults.If(check.Local(entry), "egress.allow[%d]: %s is this machine, from which workers of prod fetch nothing", i, entry)
	}
}

// Describe is the row as a line of the table for operators, in Chinese or in
// English.
func (r Row) Describe(chinese bool) string {
	keys := ""
	for i, k := range r.Keys {
		if i > 0 {
			keys += ", "
		}
		if k == "every secret" {
			if chinese {
				k = "所有密钥"
			}
			keys += k
			continue
		}
		keys += "`" + k + "`"
	}
	if chinese {
		return fmt.Sprintf("| %s | %s |", keys, r.Chinese)
	}
	return fmt.Sprintf("| %s | %s |", keys, r.Refused)
}

func lost(x Facts, faults *check.Faults) {
	for _, l := range x.Lacks {
		faults.Say("%s: must be %s", l.Key, l.Wanted)
	}
}
