// Package mock is a Driver that draws by itself: a real picture program with
// no model in it. It paints the person's photo in the colours and surface of
// a style, before a backdrop of a place, in steps that take time as a
// vendor's would. Development, tests and load tests run on it; in production
// it may stand in for a vendor only where the operator allows it.
package mock
