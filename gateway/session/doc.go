// Package session knows who is asking: anonymous sessions proved by a signed
// token, stream tickets, link codes, rate limits per address and the quota
// ledger per session. gateway/httpapi feeds it tokens and addresses;
// gateway/intake and gateway/dispatch reserve and settle in its ledger.
package session
