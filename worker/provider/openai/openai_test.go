package openai

import (
	"testing"

	"github.com/imgfleet/imgfleet/pkg/secret"
	"github.com/imgfleet/imgfleet/pkg/task"
	"github.com/imgfleet/imgfleet/worker/provider"
	"github.com/imgfleet/imgfleet/worker/provider/double"
	"github.com/imgfleet/imgfleet/worker/provider/openai/openaitest"
	"github.com/imgfleet/imgfleet/worker/provider/providertest"
	"github.com/imgfleet/imgfleet/worker/provider/vendorhttp"
)

// vendor is a server of one dialect.
func vendor(d Dialect, model string) providertest.Vendor {
	plays := map[Dialect]func(double.Knobs, string) *openaitest.Double{
		OpenAI: openaitest.New, VLLM: openaitest.New, MaaS: openaitest.NewMaaS, SiliconFlow: openaitest.NewSiliconFlow, LocalAI: openaitest.NewLocalAI,
	}
	unsaid := map[Dialect][]string{
		SiliconFlow: {"negative_prompt", "num_inference_steps", "cfg", "guidance_scale"},
		VLLM:        {"negative_prompt", "num_inference_steps", "guidance_scale", "seed", "size"}, // a server of one's own
	}
	if model == "dall-e-2" {
		unsaid[OpenAI] = []string{"size"} // its default is the 1024x1024 that is asked for
	}
	return providertest.Vendor{
		Unsaid: unsaid[d], Kind: "openai", Base: "/v1", Model: model,
		Double: func(k double.Knobs, key string) providertest.Double { return plays[d](k, key) },
		New: func(c provider.Config, key string, e vendorhttp.Egress) (provider.Driver, error) {
			c.Dialect = string(d)
			return New(c, key, e)
		},
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	for d, model := range map[Dialect]string{
		OpenAI: "gpt-image-1", MaaS: "qwen-image-edit-2509", SiliconFlow: "Qwen/Qwen-Image-Edit-2509", // the others differ in their requests only
	} {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			providertest.RunVendor(t, vendor(d, model))
		})
	}
}

func TestEveryModelIsAskedInItsWay(t *testing.T) {
	t.Parallel()
	for model, d := range map[string]Dialect{
		"dall-e-2": OpenAI, "gpt-image-1.5": OpenAI, "Kwai-Kolors/Kolors": SiliconFlow, "qwen_image_edit": MaaS, "stablediffusion": LocalAI,
		"Qwen/Qwen-Image-Edit-2511": VLLM, "any-other": VLLM,
	} {
		v := vendor(d, model)
		if _, err := v.Working(t).Make(t.Context(), v.Request(t), func(provider.Progress) {}); err != nil {
			t.Errorf("%s of %s: %v", model, d, err)
		}
		t.Run(model, func(t *testing.T) {
			t.Parallel()
			providertest.RunSaid(t, v)
		})
	}
}

func TestWhatIsLeftIsTold(t *testing.T) {
	t.Parallel()
	v := vendor(OpenAI, "gpt-image-1")
	d := v.Behaving(t, double.Knobs{Allow: 1})
	pic, err := d.Make(t.Context(), v.Request(t), func(provider.Progress) {})
	if err != nil || pic.Remaining == nil || *pic.Remaining != 0 || pic.RequestID != "req_double" {
		t.Errorf("%v: %+v", err, pic.Remaining)
	}
	_, err = d.Make(t.Context(), v.Request(t), func(provider.Progress) {})
	if f := provider.AsFailure(err); f.Class != task.ClassRate || f.Remaining == nil || *f.Remaining != 0 {
		t.Errorf("past it: %v, %v", f, f.Remaining)
	}
	if pic, err = v.Working(t).Make(t.Context(), v.Request(t), func(provider.Progress) {}); err != nil || pic.Remaining != nil {
		t.Errorf("of a server that says nothing: %v, %v", err, pic.Remaining)
	}
}

type sub = providertest.Submission

func TestTheDoublesAreStrict(t *testing.T) {
	t.Parallel()
	providertest.RunStrict(t, vendor(MaaS, "qwen-image-edit-2509"), map[string]func(*sub){
		"the watermark is the vendor's": func(s *sub) { s.Drop("watermark") },
		"another form of answer":        func(s *sub) { s.Field("url", "response_format") },
		"another vendor's size":         func(s *sub) { s.Field("1024*1024", "size") },
		"no size":                       func(s *sub) { s.Drop("size") },
		"a seed out of range":           func(s *sub) { s.Field(-1, "seed") },
		"no picture":                    func(s *sub) { s.Drop("image") },
		"a field that is none":          func(s *sub) { s.Field(1, "steps") },
	})
	providertest.RunStrict(t, vendor(SiliconFlow, "Kwai-Kolors/Kolors"), map[string]func(*sub){
		"the number is the vendor's": func(s *sub) { s.Drop("batch_size") },
		"no size":                    func(s *sub) { s.Drop("image_size") },
	})
	providertest.RunStrict(t, vendor(SiliconFlow, "Qwen/Qwen-Image-Edit"), map[string]func(*sub){
		"a size for a model without": func(s *sub) { s.Field("1024x1024", "image_size") },
	})
	providertest.RunStrict(t, vendor(LocalAI, "flux"), map[string]func(*sub){
		"the number is the server's": func(s *sub) { s.Drop("n") },
		"no picture":                 func(s *sub) { s.Drop("file") },
	})
}

func TestTheConfigurationIsJudged(t *testing.T) {
	t.Parallel()
	_, err := New(provider.Config{Dialect: "klingon"}, "", vendorhttp.Egress{})
	if got := len(err.(interface{ Unwrap() []error }).Unwrap()); got != 3 {
		t.Errorf("%d faults, want 3: %v", got, err)
	}
	key := secret.NewRef("env:KEY")
	for base, want := range map[string]Dialect{
		"https://api.modelarts-maas.com/v1": MaaS, "https://api.siliconflow.cn/v1": SiliconFlow, "http://10.0.0.5:8000/v1": OpenAI, "https://evil-modelarts-maas.com/v1": OpenAI,
	} {
		d, err := New(provider.Config{BaseURL: base, Model: "m", APIKey: key}, "", vendorhttp.Egress{})
		if err != nil || d.(*Driver).dialect != want {
			t.Errorf("%s: %v, %v", base, d, err)
		}
		_, err = New(provider.Config{BaseURL: base, Model: "m"}, "", vendorhttp.Egress{})
		if public := want != OpenAI; public != (err != nil) {
			t.Errorf("%s without a key: %v", base, err)
		}
	}
}

func TestAServerWithoutKeysIsSentNone(t *testing.T) {
	t.Parallel()
	for _, dialect := range []string{"vllm", "localai"} {
		d, err := New(provider.Config{BaseURL: "http://10.0.0.5:8000/v1", Model: "m", Dialect: dialect}, "", vendorhttp.Egress{})
		if err != nil {
			t.Fatal(err)
		}
		call, err := d.(*Driver).call(provider.Request{}, nil)
		if err != nil || len(call.Header["Authorization"]) > 0 {
			t.Errorf("%s: %v, %v", dialect, call.Header, err)
		}
	}
}

func TestEveryDocumentedErrorHasItsClass(t *testing.T) {
	t.Parallel()
	knows := func(status int, code string) task.Class { return class(code, "", vendorhttp.Answer{Status: status}) }
	table := providertest.Documented(t, "openai", knows)
	for _, c := range []struct {
		status int
		body   string
		class  task.Class
		code   string
	}{
		{401, `{"error":{"code":"invalid_api_key","message":"m"}}`, task.ClassAuth, "invalid_api_key"},
		{429, `{"error":{"code":"rate_limit_exceeded","message":"m","type":"requests"}}`, task.ClassRate, "rate_limit_exceeded"},
		{429, `{"error":{"code":"insufficient_quota","message":"m","type":"insufficient_quota"}}`, task.ClassQuota, "insufficient_quota"},
		{429, `{"error":{"code":null,"message":"m","type":"insufficient_quota"}}`, task.ClassQuota, "insufficient_quota"},
		{400, `{"error":{"code":"moderation_blocked","message":"m"}}`, task.ClassContent, "moderation_blocked"},
		{400, `{"error":{"code":"content_policy_violation"}}`, task.ClassContent, "content_policy_violation"},
		{400, `{"error":{"code":null,"type":"invalid_request_error","message":"m"}}`, task.ClassInput, "invalid_request_error"},
		{408, `{}`, task.ClassTimeout, ""}, {409, `{}`, task.ClassTransient, ""}, {503, `busy`, task.ClassTransient, ""},
		{400, `{"object":"error","message":"m","type":"BadRequestError","code":400}`, task.ClassInput, "400"}, // vLLM
		{500, `{"error":"rpc error"}`, task.ClassTransient, ""},                                               // LocalAI
		{400, `{"error_code":"ModelArts.81001","error_msg":"m"}`, task.ClassInput, "ModelArts.81001"},
		{400, `{"error_code":"ModelArts.81002","error_msg":"m"}`, task.ClassAuth, "ModelArts.81002"},
		{401, `{"error_code":"ModelArts.81003","error_msg":"m"}`, task.ClassAuth, "ModelArts.81003"},
		{403, `{"error_code":"ModelArts.81004","error_msg":"m"}`, task.ClassQuota, "ModelArts.81004"},
		{403, `{"error_code":"ModelArts.81005","error_msg":"m"}`, task.ClassQuota, "ModelArts.81005"},
		{403, `{"error_code":"ModelArts.81006","error_msg":"m"}`, task.ClassQuota, "ModelArts.81006"},
		{404, `{"error_code":"ModelArts.81009","error_msg":"m"}`, task.ClassAuth, "ModelArts.81009"},
		{403, `{"error_code":"ModelArts.81011","error_msg":"m"}`, task.ClassContent, "ModelArts.81011"},
		{400, `{"error_code":"ModelArts.81013","error_msg":"m"}`, task.ClassContent, "ModelArts.81013"},
		{401, `{"error_code":"ModelArts.81015","error_msg":"m"}`, task.ClassAuth, "ModelArts.81015"},
		{429, `{"error_code":"ModelArts.81101","error_msg":"m"}`, task.ClassRate, "ModelArts.81101"},
		{429, `{"error_code":"ModelArts.81103","error_msg":"m"}`, task.ClassRate, "ModelArts.81103"},
		{400, `{"error_code":"ModelArts.81118","error_msg":"m"}`, task.ClassInput, "ModelArts.81118"},
		{504, `{"error_code":"APIG.0203","error_msg":"m"}`, task.ClassTimeout, "APIG.0203"},
		{403, `{"code":30001,"message":"m","data":null}`, task.ClassQuota, "30001"}, // SiliconFlow
		{400, `{"code":20012,"message":"m","data":null}`, task.ClassInput, "20012"},
		{503, `{"code":50505,"message":"m","data":null}`, task.ClassTransient, "50505"},
		{429, `{"message":"m"}`, task.ClassRate, ""}, {200, `{"error":{"code":"moderation_blocked"}}`, task.ClassContent, "moderation_blocked"},
	} {
		table.Tells(t, knows, c.status, c.code)
		if f := refusal(vendorhttp.Answer{Status: c.status, Body: []byte(c.body)}); f.Class != c.class || f.Code != c.code {
			t.Errorf("%d %s: %v, want %s %s", c.status, c.body, f, c.class, c.code)
		}
	}
}

const onePixel = "iVBORw0KGgo="

func TestPicturesAreReadWhereverTheyAre(t *testing.T) {
	t.Parallel()
	d := &Driver{}
	for body, ok := range map[string]bool{
		`{"data":[{"b64_json":"` + onePixel + `"}]}`:                       true,
		`{"data":[{"b64_json":"data:image/png;base64,` + onePixel + `"}]}`: true,
		`{"images":[{"url":"data:image/png;base64,` + onePixel + `"}]}`:    true,
		`{"data":[]}`: false, `{"data":[{}]}`: false, `{}`: false, `[]`: false, `{"data":[{"b64_json":"aGVsbG8="}]}`: false,
	} {
		_, err := d.picture(t.Context(), vendorhttp.Answer{Status: 200, Body: []byte(body)})
		if (err == nil) != ok || err != nil && provider.AsFailure(err).Outcome != task.Unknown {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add(200, `{"data":[{"b64_json":"`+onePixel+`"}]}`)
	f.Add(400, `{"error":{"code":12,"type":"x"}}`)
	f.Add(403, `{"code":30001}`)
	client, err := vendorhttp.New(vendorhttp.Config{Base: "https://api.vendor.example/v1"})
	if err != nil {
		f.Fatal(err)
	}
	d := &Driver{http: client} // hosts: none, so that nothing is fetched
	f.Fuzz(func(t *testing.T, status int, body string) {
		pic, err := d.picture(t.Context(), vendorhttp.Answer{Status: status, Body: []byte(body)})
		if err == nil && vendorhttp.Check(pic.Data) != nil {
			t.Errorf("%d %q", status, body)
		}
	})
}
