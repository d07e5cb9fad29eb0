// Package label marks generated pictures as what they are, as the rules on
// AI-generated content demand: a legible mark in the picture itself and a
// machine-readable one in its metadata. worker/generate feeds it every
// picture and thumbnail before the first byte leaves; Check proves both. The words of
// a campaign stand in another corner and prove nothing.
package label
