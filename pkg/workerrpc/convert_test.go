package workerrpc

import (
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/imgfleet/imgfleet/idl/gen/workerpb"
	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/task"
)

func text(t *rapid.T, name string) string { return rapid.StringN(0, 20, 60).Draw(t, name) }

func someAttempt(t *rapid.T) Attempt {
	a := Attempt{
		Task: task.ID(text(t, "task")), Session: task.SessionID(text(t, "session")),
		Number: rapid.IntRange(0, 1000).Draw(t, "number"), Provider: text(t, "provider"),
		Timeout:  time.Duration(rapid.IntRange(0, 1e6).Draw(t, "timeout")) * time.Millisecond,
		PhotoURL: text(t, "photo"), ImageURL: text(t, "image"), ThumbURL: text(t, "thumb"),
		ManifestURL: text(t, "manifest"), Seed: rapid.Int64().Draw(t, "seed"), VendorTask: text(t, "vendor"),
		AttachOnly: rapid.Bool().Draw(t, "attach"), StoreWithin: time.Duration(rapid.IntRange(0, 1e6).Draw(t, "store")) * time.Millisecond,
		Style: catalog.Style{
			ID: text(t, "style"), Name: catalog.Text{ZH: "水墨", EN: "Ink"}, Description: catalog.Text{ZH: "一", EN: "a"},
			Prompt: text(t, "sprompt"), Negative: text(t, "neg"), Palette: []string{"#000000", "#ffffff"},
			Texture: "ink", Strength: rapid.Float64Range(0, 1).Draw(t, "strength"),
			PromptZH: text(t, "spromptzh"), NegativeZH: text(t, "negzh"), TemplateVersion: rapid.IntRange(0, 9).Draw(t, "template"),
			Identity: catalog.Text{ZH: text(t, "idzh"), EN: text(t, "iden")},
			Defaults: catalog.Defaults{Aspect: text(t, "daspect"), Resolution: "1k", Steps: rapid.IntRange(0, 50).Draw(t, "dsteps"), CFG: 3.5},
		},
		PhotoWidth: rapid.IntRange(0, 10000).Draw(t, "width"), PhotoHeight: rapid.IntRange(0, 10000).Draw(t, "height"),
		BrandMark: text(t, "brand"),
		Place: catalog.Place{
			ID: text(t, "place"), Name: catalog.Text{ZH: "外滩", EN: "The Bund"}, Description: catalog.Text{ZH: "二"},
			Prompt: text(t, "pprompt"), Palette: []string{"#102030"}, Backdrop: "skyline",
			PromptZH: text(t, "ppromptzh"), Negative: text(t, "pneg"), NegativeZH: text(t, "pnegzh"),
		},
		Options: task.Options{
			Aspect: text(t, "aspect"), Resolution: "2k", Steps: rapid.IntRange(0, 100).Draw(t, "steps"),
			CFG: rapid.Float64Range(0, 20).Draw(t, "cfg"), Note: text(t, "note"),
		},
	}
	if rapid.Bool().Draw(t, "seeded") {
		seed := rapid.Int64Range(0, 3).Draw(t, "oseed")
		a.Options.Seed = &seed
	}
	return a
}

// over runs a message through its encoding, as the network would.
func over[M interface {
	Marshal([]byte) ([]byte, error)
}, P interface {
	*N
	Unmarshal([]byte) error
}, N any](t *rapid.T, m M) P {
	b, err := m.Marshal(nil)
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	out := P(new(N))
	if err := out.Unmarshal(b); err != nil {
		t.Fatalf("decode: %v", err)
	}
	return out
}

func TestAnAttemptSurvivesTheWire(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := someAttempt(t)
		got := attemptFromWire(over[*workerpb.GenerateRequest, *workerpb.GenerateRequest](t, attemptToWire(want)))
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got  %+v\nwant %+v", got, want)
		}
	})
}

func TestAnUpdateSurvivesTheWire(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := Update{
			Progress: rapid.IntRange(0, 99).Draw(t, "progress"), Stage: text(t, "stage"), VendorTask: text(t, "vendor"), Kept: task.Kept(text(t, "kept")),
		}
		if rapid.Bool().Draw(t, "ends") {
			want.Outcome = &Outcome{
				Task: task.ID(text(t, "task")), Number: 3, Result: rapid.SampledFrom(results()).Draw(t, "result"),
				Class: rapid.SampledFrom(classes()).Draw(t, "class"), Code: text(t, "code"), RequestID: text(t, "request"),
				VendorTask: text(t, "vtask"), Width: 2048, Height: 1536, ContentType: "image/jpeg",
				Bytes: rapid.Int64().Draw(t, "bytes"), ProviderMS: 12, PriceFen: 34, RetryAfter: 56,
			}
			if rapid.Bool().Draw(t, "tells") {
				left := rapid.Int64().Draw(t, "remaining") // none left is told, too
				want.Outcome.Remaining = &left
			}
		}
		got := updateFromWire(over[*workerpb.GenerateUpdate, *workerpb.GenerateUpdate](t, updateToWire(want)))
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got  %+v\nwant %+v", got, want)
		}
	})
}

func TestTheOthersSurviveTheWire(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := InspectRequest{
			RawURL: text(t, "raw"), PhotoURL: text(t, "photo"), DeclaredType: "image/png", SHA256: text(t, "sha"),
			MaxBytes: rapid.Int64().Draw(t, "bytes"), MaxPixels: rapid.Int64().Draw(t, "pixels"),
			Demanding: []string{text(t, "demanding"), "ab"}, Turn: Turn{Site: text(t, "site"), Network: text(t, "network"), Session: text(t, "session")},
		}
		if got := inspectFromWire(over[*workerpb.InspectRequest, *workerpb.InspectRequest](t, inspectToWire(r))); !reflect.DeepEqual(got, r) {
			t.Fatalf("inspect request: got %+v, want %+v", got, r)
		}
		i := Inspected{Width: 3, Height: 4, ContentType: "image/jpeg", Fingerprint: "sha256:x", PHash: "ff", PhotoBytes: 9}
		if got := inspectedFromWire(over[*workerpb.InspectReply, *workerpb.InspectReply](t, inspectedToWire(i))); got != i {
			t.Fatalf("inspected: got %+v, want %+v", got, i)
		}
		b := Heartbeat{
			ID: text(t, "id"), Address: "127.0.0.1:1", Region: "cn-north-4", Capacity: 8, InFlight: 2,
			Providers: []string{"mock"}, Version: "v1", Draining: rapid.Bool().Draw(t, "draining"), Inspects: 4, Spooled: []string{"t/1"},
		}
		if got := heartbeatFromWire(over[*workerpb.Beat, *workerpb.Beat](t, heartbeatToWire(b))); !reflect.DeepEqual(got, b) {
			t.Fatalf("heartbeat: got %+v, want %+v", got, b)
		}
	})
}

func TestTheWireKnowsEveryOutcomeAndClass(t *testing.T) {
	t.Parallel()
	if got, want := len(results()), len(workerpb.Result_name); got != want {
		t.Errorf("outcomes = %d, the wire has %d", got, want)
	}
	if got, want := len(classes()), len(workerpb.Class_name); got != want {
		t.Errorf("classes = %d, the wire has %d", got, want)
	}
}

func TestANewerPeersWordsReadSafely(t *testing.T) {
	t.Parallel()
	newer, err := (&workerpb.GenerateUpdate{
		Progress: 7,
		Outcome:  &workerpb.Outcome{Task: "t", Result: 99, Class: 77},
	}).Marshal(nil)
	if err != nil {
		t.Fatal(err)
	}
	// Field 1000, a string: something this release has never heard of.
	newer = append(newer, 0xc2, 0x3e, 3, 'n', 'e', 'w')
	var w workerpb.GenerateUpdate
	if err := w.Unmarshal(newer); err != nil {
		t.Fatalf("an unknown field broke the message: %v", err)
	}
	u := updateFromWire(&w)
	if u.Progress != 7 || u.Outcome == nil {
		t.Fatalf("known fields were lost: %+v", u)
	}
	if u.Outcome.Result != task.Unknown || u.Outcome.Class != task.ClassTransient {
		t.Errorf("outcome = %s/%s, want unknown/transient", u.Outcome.Result, u.Outcome.Class)
	}
}

func TestAnOlderPeersSilenceReadsSafely(t *testing.T) {
	t.Parallel()
	a := attemptFromWire(&workerpb.GenerateRequest{Task: "t"})
	if a.Task != "t" || a.Options.Seed != nil || a.Style.ID != "" {
		t.Errorf("missing messages must read as zero values: %+v", a)
	}
}

func FuzzDecodeGenerateRequest(f *testing.F) {
	b, _ := attemptToWire(Attempt{Task: "t", Number: 1}).Marshal(nil)
	f.Add(b)
	f.Fuzz(func(_ *testing.T, data []byte) {
		var r workerpb.GenerateRequest
		if r.Unmarshal(data) == nil {
			_ = attemptFromWire(&r)
		}
	})
}
