package openai

import (
	"encoding/base64"
	"strings"

	"github.com/imgfleet/imgfleet/worker/provider"
)

// generation is a request for a new picture that brings a photo.
func (d *Driver) generation(r provider.Request, photo []byte) map[string]any {
	raw := base64.StdEncoding.EncodeToString(photo)
	uri := "data:image/jpeg;base64," + raw
	doc := map[string]any{"model": d.model, "prompt": r.Text}
	set := func(name string, v any, given bool) {
		if given {
			doc[name] = v
		}
	}
	switch d.dialect {
	case MaaS:
		doc[d.imageField], doc["response_format"], doc["watermark"] = uri, "b64_json", false
		set("size", r.Size, r.Size != "")
		set("seed", r.Seed, r.Seed >= 0)
	case SiliconFlow:
		doc[d.imageField] = uri
		set("negative_prompt", r.Negative, r.Negative != "")
		set("image_size", r.Size, r.Size != "")
		set("seed", r.Seed, r.Seed >= 0)
		set("num_inference_steps", r.Steps, r.Steps > 0)
		kolors := strings.Contains(strings.ToLower(d.model), "kolors") // alone with a number of pictures and a scale
		set("batch_size", 1, kolors)
		set("guidance_scale", r.CFG, kolors && r.CFG > 0)
		set("cfg", r.CFG, !kolors && r.CFG > 0)
	default: // LocalAI splits what to avoid from the prompt at a bar
		doc["file"], doc["n"], doc["response_format"] = raw, 1, "b64_json"
		doc["prompt"] = strings.ReplaceAll(r.Text, "|", " ")
		set("prompt", doc["prompt"].(string)+"|"+strings.ReplaceAll(r.Negative, "|", " "), r.Negative != "")
		set("size", r.Size, r.Size != "")
		set("step", r.Steps, r.Steps > 0)
	}
	return doc
}
