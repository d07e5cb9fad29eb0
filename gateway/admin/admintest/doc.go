// Package admintest runs the real admin API over fakes of everything behind
// it but the operator state, for the tests of gateway/admin and of imgctl.
package admintest
