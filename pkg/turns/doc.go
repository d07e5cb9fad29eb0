// Package turns lets a bounded number go on at once, and the others wait in a fair
// queue. Uploads wait so for a worker at a gateway, and for a decoder at a worker.
// Nobody fills the queue for others, or holds all turns while somebody waits.
package turns
