// Package openai is a Driver for servers that speak OpenAI's picture API:
// OpenAI's own edits and vLLM-Omni, and the dialects of Huawei Cloud MaaS,
// SiliconFlow and LocalAI, which edit by the route for new pictures.
// worker/provider feeds it requests; its double is in openaitest.
package openai
