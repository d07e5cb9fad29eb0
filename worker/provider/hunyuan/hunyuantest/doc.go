// Package hunyuantest is the double of Tencent's picture interfaces: jobs of
// Cloud API 3.0, whose signature, clock and fields it checks, and TokenHub.
// The driver's tests and simulations call it over HTTP.
package hunyuantest
