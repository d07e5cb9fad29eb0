// Package fleet knows the workers: it takes their heartbeats, shares them
// with every gateway through a bucket whose entries expire, and hands out
// members to gateway/dispatch. Upload completion asks it to inspect a photo
// on any worker.
package fleet
