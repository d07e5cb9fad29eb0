// Package strictjson reads the small JSON objects of requests and says exactly
// what is wrong with them, by JSON pointer. gateway/httpapi feeds it bodies
// and gets typed fields back. It forgives nothing: unknown fields, duplicate
// keys, wrong types, trailing bytes, broken UTF-8 and deep nesting are all
// refused, because a field that is silently dropped is a surprise later.
package strictjson
