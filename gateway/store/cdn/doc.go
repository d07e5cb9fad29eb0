// Package cdn signs the URLs under which a Huawei Cloud CDN domain serves
// objects. gateway/store asks it for the address of a finished picture; the
// operator's configuration feeds it the domain and the key.
package cdn
