// Package qianfan is a Driver for picture edits on Baidu Qianfan: one
// synchronous call a picture, no job to come back to. worker/provider feeds it
// requests; its double is in qianfantest.
package qianfan
