// Package dashscope is a Driver for Alibaba's 百炼: jobs of 通义万相 2.5 that
// are submitted and polled, and the calls of qwen-image-edit and wan2.6/2.7
// that answer with the picture. worker/provider feeds it requests; its double
// is in dashscopetest.
package dashscope
