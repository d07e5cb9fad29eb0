// Package refresh has the CDN forget pictures that were removed. gateway/store
// feeds it with their addresses before it removes anything; it is the only
// user of the CDN's SDK.
package refresh
