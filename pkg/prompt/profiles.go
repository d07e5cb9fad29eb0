package prompt

import "slices"

// The areas of the usual resolutions, pixels.
const (
	area1K = 1024 * 1024
	area2K = 2048 * 2048
	area4K = 4096 * 4096
)

const (
	seedInt32  = 1<<31 - 1
	seedUint32 = 1<<32 - 1
)

// Profiles are the known models, as their vendors document them. What a vendor
// leaves open is not sent.
func Profiles() []Profile {
	return slices.Concat(seedream(), dashscope(), qianfan(), hunyuan(), openai(), mock())
}

// seedream is Volcengine Ark. 4.x documents neither seed nor guidance, has no
// negative prompt and chooses the ratio itself when told a tier, so it is
// told pixels. "300 Chinese characters or 600 English words" is advice:
// longer prompts only lose their details.
func seedream() []Profile {
	p := Profile{
		Name: "seedream-4.0", Kind: "seedream", Models: []string{"doubao-seedream-4-0", ""}, Language: Chinese,
		Text: Limit{600, HalfCharacters},
		Size: Sizes{Join: "x", Least: 921_600, Most: area4K, Ratio: 16, Step: 16, Usual: area2K, Tiers: []string{"1K", "2K", "4K"}},
	}
	q := p
	q.Name, q.Models = "seedream-4.5", []string{"doubao-seedream-4-5", "doubao-seedream-5"}
	q.Size.Least, q.Size.Tiers = 3_686_400, []string{"2K", "4K"}
	return []Profile{p, q}
}

// dashscope is Alibaba's 百炼. It counts characters of any language alike.
func dashscope() []Profile {
	wan := Profile{
		Name: "wan2.5-i2i-preview", Kind: "dashscope", Models: []string{"wan2.5-i2i", "wanx"}, Usual: true, Jobs: true, Language: Chinese,
		Text: Limit{2000, Characters}, Negative: Limit{500, Characters},
		Size: Sizes{Join: "*", Least: 768 * 768, Most: 1280 * 1280, Ratio: 4, Step: 8, Usual: 1280 * 1280, Keeps: true}, Seed: Seeds{0, seedInt32},
	}
	wan6, wan7 := wan, wan
	wan6.Usual, wan7.Usual = false, false
	wan6.Name, wan6.Models = "wan2.6-image", []string{"wan2.6"}
	wan7.Name, wan7.Models, wan7.Negative = "wan2.7-image", []string{"wan2.7"}, Limit{}
	wan7.Size = Sizes{Join: "*", Least: 768 * 768, Most: area2K, Ratio: 8, Step: 8, Usual: area2K, Tiers: []string{"1K", "2K"}}
	wan7pro := wan7 // 4K is for pictures without a photo only
	wan7pro.Name, wan7pro.Models = "wan2.7-image-pro", []string{"wan2.7-image-pro"}
	edit := Profile{
		Name: "qwen-image-edit", Kind: "dashscope", Models: []string{"qwen-image-edit"}, Jobs: true, Language: Chinese,
		Text: Limit{800, Characters}, Negative: Limit{500, Characters}, Seed: Seeds{0, seedInt32},
	} // a size is refused
	plus := edit
	plus.Name, plus.Models = "qwen-image-edit-plus", []string{"qwen-image-edit-plus", "qwen-image-edit-max"}
	plus.Size = Sizes{Join: "*", SideLeast: 512, SideMost: 2048, Ratio: 4, Step: 16, Usual: area1K, Keeps: true}
	// Without a size these bill the price of 2K.
	qwen := edit
	qwen.Name, qwen.Models, qwen.Negative = "qwen-image-2.0", []string{"qwen-image-2", "qwen-image-3"}, Limit{}
	qwen.Size = Sizes{Join: "*", Least: 512 * 512, Most: area2K, Ratio: 4, Step: 16, Usual: area1K}
	other := plain("dashscope-other", "dashscope")
	other.Language, other.Jobs = Chinese, true
	return []Profile{wan, wan6, wan7, wan7pro, edit, plus, qwen, other}
}

// qianfan is Baidu. Edits document picture, words, size and seed; what else
// they take is not confirmed and not sent.
func qianfan() []Profile {
	size := Sizes{Join: "x", SideLeast: 512, SideMost: 2048, Ratio: 4, Step: 8, Usual: area1K}
	edit := Profile{
		Name: "qianfan-qwen-image-edit", Kind: "qianfan", Models: []string{"qwen-image-edit", ""}, Language: Chinese,
		Text: Limit{800, Characters}, Size: size, Seed: Seeds{0, seedUint32},
	}
	qwen := edit
	qwen.Name, qwen.Models, qwen.Negative = "qianfan-qwen-image", []string{"qwen-image"}, Limit{500, Characters}
	qwen.Steps, qwen.CFG = Range{1, 50}, Range{0, 20}
	flux := edit
	flux.Name, flux.Models, flux.Language, flux.Text = "flux.1-schnell", []string{"flux.1-schnell"}, English, Limit{512, Characters}
	flux.Steps, flux.CFG = Range{1, 50}, Range{0, 30}
	irag := edit
	irag.Name, irag.Models, irag.Text = "irag-1.0", []string{"irag"}, Limit{220, Characters}
	return []Profile{edit, qwen, flux, irag}
}

// hunyuan is Tencent: the signed API's 3.0 job, the older style transfer, and
// TokenHub. Of the two lengths that Tencent has documented for 3.0 the
// shorter one holds everywhere.
func hunyuan() []Profile {
	seeds := Seeds{1, seedUint32}
	job := Profile{
		Name: "hunyuan-3.0", Kind: "hunyuan", Models: []string{"hunyuan-3", "hunyuan-image-3", ""}, Jobs: true, Language: Chinese,
		Text: Limit{1024, Characters}, Seed: seeds,
		Size: Sizes{Join: ":", SideLeast: 512, SideMost: 2048, Most: area1K, Ratio: 4, Step: 8, Usual: area1K},
	}
	hub := job
	hub.Name, hub.Models, hub.Text, hub.Size.Join = "hy-image-v3", []string{"hy-image-v3"}, Limit{8192, Characters}, "x"
	preview := hub // its sizes are not documented
	preview.Name, preview.Models, preview.Size = "hy-image-v3.5-preview", []string{"hy-image-v3.5"}, Sizes{}
	style := Profile{
		Name: "hunyuan-image-to-image", Kind: "hunyuan", Models: []string{"imagetoimage", "image-to-image"}, Jobs: true, Language: Chinese,
		Text: Limit{256, Characters}, Negative: Limit{256, Characters}, Strength: Range{0.05, 1},
		Size: Sizes{Join: ":", Fixed: [][2]int{{768, 768}, {768, 1024}, {1024, 768}}, Origin: "origin"},
	}
	return []Profile{job, hub, preview, style}
}

// openai is every server with OpenAI's API for pictures. The id of a model shows
// which vendor it is of.
func openai() []Profile {
	size := Sizes{Join: "x", SideLeast: 512, SideMost: 2048, Ratio: 4, Step: 16, Usual: area1K}
	gpt := Profile{
		Name: "gpt-image-1", Kind: "openai", Models: []string{"gpt-image", "openai/gpt-image"}, Language: English, Text: Limit{32_000, Characters},
		Size: Sizes{Join: "x", Fixed: [][2]int{{1024, 1024}, {1536, 1024}, {1024, 1536}}},
	}
	kontext := Profile{
		Name: "flux-kontext", Kind: "openai", Models: []string{"black-forest-labs/flux.1-kontext", "flux.1-kontext", "flux-kontext", "flux"},
		Language: English, Text: Limit{512, Tokens}, Size: size, Steps: Range{1, 100}, CFG: Range{0, 20}, Seed: Seeds{0, 9_999_999_999},
	}
	silicon := Profile{
		Name: "siliconflow-qwen-image-edit", Kind: "openai", Models: []string{"qwen/qwen-image-edit"}, Language: Chinese,
		Text: Limit{800, Characters}, Negative: Limit{500, Characters}, Steps: Range{1, 100}, CFG: Range{0.1, 20}, Seed: Seeds{0, 9_999_999_999},
	} // a size is not taken
	kolors := silicon
	kolors.Name, kolors.Models, kolors.Size = "kolors", []string{"kwai-kolors"}, size
	// Huawei Cloud MaaS keeps 800 tokens and reviews Chinese best.
	maas := Profile{
		Name: "maas-qwen-image-edit", Kind: "openai", Models: []string{"qwen-image", "qwen_image"}, Language: Chinese,
		Text: Limit{800, Tokens}, Size: size, Seed: Seeds{0, seedInt32},
	}
	other := plain("openai-other", "openai")
	other.Size = size
	return []Profile{gpt, kontext, silicon, kolors, maas, other}
}

// mock takes everything, so that everything can be tried without a vendor.
func mock() []Profile {
	return []Profile{{
		Name: "mock", Kind: "mock", Models: []string{"mock", ""}, Language: English,
		Text: Limit{2000, Characters}, Negative: Limit{500, Characters},
		Size:  Sizes{Join: "x", SideLeast: 64, SideMost: 2048, Ratio: 20, Step: 8, Usual: area1K},
		Steps: Range{1, 50}, CFG: Range{1, 20}, Strength: Range{0, 1}, Seed: Seeds{0, seedInt32},
	}}
}
