// Package hunyuan is the Driver of Tencent's Hunyuan pictures, over the job
// interface of Cloud API 3.0 (signed, asynchronous, resumed by JobId) and,
// for the model hy-image-v3, over TokenHub (a bearer key, one call).
// worker/provider feeds it; hunyuantest is the vendor's double.
package hunyuan
