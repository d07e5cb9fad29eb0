// Package seedream is a Driver for Seedream on Volcengine Ark: one synchronous
// call a picture, no job to come back to. worker/provider feeds it requests;
// its double is in seedreamtest.
package seedream
