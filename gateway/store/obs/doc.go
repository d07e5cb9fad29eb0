// Package obs keeps objects in a bucket of Huawei Cloud OBS, or of a server
// that speaks S3. gateway/store drives it and hands the URLs that it signs to
// clients and workers, so that no picture passes the gateway.
package obs
