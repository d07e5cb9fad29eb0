// Package web holds the page that people see: one HTML, one script, one style,
// embedded and served by gateway/httpapi. It speaks only the public interface
// and is made without a build step. Beside it, src/api is a client for other
// pages, in TypeScript; Go does not know it.
package web
