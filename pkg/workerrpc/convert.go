package workerrpc

import (
	"math"
	"slices"
	"time"

	"github.com/imgfleet/imgfleet/idl/gen/workerpb"
	"github.com/imgfleet/imgfleet/pkg/catalog"
	"github.com/imgfleet/imgfleet/pkg/task"
)

// results pairs the domain's outcomes with the wire's. Order is the wire's
// numbering.
func results() []task.Outcome {
	return []task.Outcome{task.Unknown, task.NotSent, task.Rejected, task.FailedUnbilled, task.OK}
}

// classes pairs the domain's classes with the wire's. Order is the wire's
// numbering.
func classes() []task.Class {
	return []task.Class{
		task.ClassNone, task.ClassNetwork, task.ClassTimeout, task.ClassTransient, task.ClassRate, task.ClassQuota,
		task.ClassContent, task.ClassAuth, task.ClassInput, task.ClassCanceled, task.ClassBusy,
	}
}

func resultToWire(o task.Outcome) workerpb.Result {
	return workerpb.Result(max(slices.Index(results(), o), 0))
}

// resultFromWire reads a value that only a newer peer knows as Unknown: the
// vendor may have worked and billed, so no second call is paid for.
func resultFromWire(r workerpb.Result) task.Outcome {
	if all := results(); int(r) > 0 && int(r) < len(all) {
		return all[r]
	}
	return task.Unknown
}

func classToWire(c task.Class) workerpb.Class {
	if i := slices.Index(classes(), c); i >= 0 {
		return workerpb.Class(i)
	}
	return workerpb.Class_CLASS_TRANSIENT
}

// classFromWire reads a value that only a newer peer knows as transient: another
// try may help, and the task does not end for a reason that nobody here knows.
func classFromWire(c workerpb.Class) task.Class {
	if all := classes(); int(c) >= 0 && int(c) < len(all) {
		return all[c]
	}
	return task.ClassTransient
}

func textToWire(t catalog.Text) *workerpb.Text { return &workerpb.Text{Zh: t.ZH, En: t.EN} }

func textFromWire(t *workerpb.Text) catalog.Text {
	return catalog.Text{ZH: t.GetZh(), EN: t.GetEn()}
}

func defaultsToWire(d catalog.Defaults) *workerpb.Defaults {
	return &workerpb.Defaults{Aspect: d.Aspect, Resolution: d.Resolution, Steps: clamp(d.Steps), Cfg: d.CFG}
}

func defaultsFromWire(d *workerpb.Defaults) catalog.Defaults {
	return catalog.Defaults{Aspect: d.GetAspect(), Resolution: d.GetResolution(), Steps: int(d.GetSteps()), CFG: d.GetCfg()}
}

func attemptToWire(a Attempt) *workerpb.GenerateRequest {
	return &workerpb.GenerateRequest{
		Task: string(a.Task), Session: string(a.Session), Number: clamp(a.Number), Provider: a.Provider,
		TimeoutMs: a.Timeout.Milliseconds(), PhotoUrl: a.PhotoURL, ImageUrl: a.ImageURL, ThumbUrl: a.ThumbURL,
		ManifestUrl: a.ManifestURL, Seed: a.Seed, VendorTask: a.VendorTask, AttachOnly: a.AttachOnly,
		StoreMs: a.StoreWithin.Milliseconds(),
		Style: &workerpb.Style{
			Id: a.Style.ID, Name: textToWire(a.Style.Name), Description: textToWire(a.Style.Description),
			Prompt: a.Style.Prompt, Negative: a.Style.Negative, Palette: a.Style.Palette, Texture: a.Style.Texture,
			Strength: a.Style.Strength, PromptZh: a.Style.PromptZH, NegativeZh: a.Style.NegativeZH,
			Identity: textToWire(a.Style.Identity), TemplateVersion: clamp(a.Style.TemplateVersion),
			Defaults: defaultsToWire(a.Style.Defaults),
		},
		Place: &workerpb.Place{
			Id: a.Place.ID, Name: textToWire(a.Place.Name), Description: textToWire(a.Place.Description),
			Prompt: a.Place.Prompt, Palette: a.Place.Palette, Backdrop: a.Place.Backdrop,
			PromptZh: a.Place.PromptZH, Negative: a.Place.Negative, NegativeZh: a.Place.NegativeZH,
		},
		PhotoWidth: clamp(a.PhotoWidth), PhotoHeight: clamp(a.PhotoHeight), BrandMark: a.BrandMark, RequestId: a.RequestID,
		Options: &workerpb.Options{
			Aspect: a.Options.Aspect, Resolution: a.Options.Resolution, Steps: clamp(a.Options.Steps),
			Cfg: a.Options.CFG, Seed: a.Options.Seed, Note: a.Options.Note,
		},
	}
}

func attemptFromWire(r *workerpb.GenerateRequest) Attempt {
	s, p, o := r.GetStyle(), r.GetPlace(), r.GetOptions()
	a := Attempt{
		Task: task.ID(r.GetTask()), Session: task.SessionID(r.GetSession()), Number: int(r.GetNumber()),
		Provider: r.GetProvider(), Timeout: time.Duration(r.GetTimeoutMs()) * time.Millisecond,
		PhotoURL: r.GetPhotoUrl(), ImageURL: r.GetImageUrl(), ThumbURL: r.GetThumbUrl(),
		ManifestURL: r.GetManifestUrl(), Seed: r.GetSeed(), VendorTask: r.GetVendorTask(), AttachOnly: r.GetAttachOnly(),
		StoreWithin: time.Duration(r.GetStoreMs()) * time.Millisecond,
		Style: catalog.Style{
			ID: s.GetId(), Name: textFromWire(s.GetName()), Description: textFromWire(s.GetDescription()),
			Prompt: s.GetPrompt(), Negative: s.GetNegative(), Palette: s.GetPalette(), Texture: s.GetTexture(),
			Strength: s.GetStrength(), PromptZH: s.GetPromptZh(), NegativeZH: s.GetNegativeZh(),
			Identity: textFromWire(s.GetIdentity()), TemplateVersion: int(s.GetTemplateVersion()),
			Defaults: defaultsFromWire(s.GetDefaults()),
		},
		Place: catalog.Place{
			ID: p.GetId(), Name: textFromWire(p.GetName()), Description: textFromWire(p.GetDescription()),
			Prompt: p.GetPrompt(), Palette: p.GetPalette(), Backdrop: p.GetBackdrop(),
			PromptZH: p.GetPromptZh(), Negative: p.GetNegative(), NegativeZH: p.GetNegativeZh(),
		},
		PhotoWidth: int(r.GetPhotoWidth()), PhotoHeight: int(r.GetPhotoHeight()), BrandMark: r.GetBrandMark(), RequestID: r.GetRequestId(),
		Options: task.Options{
			Aspect: o.GetAspect(), Resolution: o.GetResolution(), Steps: int(o.GetSteps()), CFG: o.GetCfg(),
			Note: o.GetNote(),
		},
	}
	if o != nil {
		a.Options.Seed = o.Seed
	}
	return a
}

func updateToWire(u Update) *workerpb.GenerateUpdate {
	w := &workerpb.GenerateUpdate{Progress: clamp(u.Progress), Stage: u.Stage, VendorTask: u.VendorTask, Kept: string(u.Kept)}
	if o := u.Outcome; o != nil {
		w.Outcome = &workerpb.Outcome{
			Task: string(o.Task), Number: clamp(o.Number), Result: resultToWire(o.Result), Class: classToWire(o.Class),
			Code: o.Code, RequestId: o.RequestID, VendorTask: o.VendorTask, Width: clamp(o.Width),
			Height: clamp(o.Height), ContentType: o.ContentType, Bytes: o.Bytes, ProviderMs: o.ProviderMS,
			PriceFen: o.PriceFen, RetryAfterMs: o.RetryAfter, Remaining: o.Remaining, Message: o.Message,
		}
	}
	return w
}

func updateFromWire(w *workerpb.GenerateUpdate) Update {
	u := Update{Progress: int(w.GetProgress()), Stage: w.GetStage(), VendorTask: w.GetVendorTask(), Kept: task.Kept(w.GetKept())}
	if o := w.GetOutcome(); o != nil {
		u.Outcome = &Outcome{
			Task: task.ID(o.GetTask()), Number: int(o.GetNumber()), Result: resultFromWire(o.GetResult()),
			Class: classFromWire(o.GetClass()), Code: o.GetCode(), RequestID: o.GetRequestId(),
			VendorTask: o.GetVendorTask(), Width: int(o.GetWidth()), Height: int(o.GetHeight()),
			ContentType: o.GetContentType(), Bytes: o.GetBytes(), ProviderMS: o.GetProviderMs(),
			PriceFen: o.GetPriceFen(), RetryAfter: o.GetRetryAfterMs(), Remaining: o.Remaining, Message: o.GetMessage(),
		}
	}
	return u
}

func inspectToWire(r InspectRequest) *workerpb.InspectRequest {
	return &workerpb.InspectRequest{
		RawUrl: r.RawURL, PhotoUrl: r.PhotoURL, DeclaredType: r.DeclaredType, Sha256: r.SHA256,
		MaxBytes: r.MaxBytes, MaxPixels: r.MaxPixels, RequestId: r.RequestID, Demanding: r.Demanding,
		TurnSite: r.Turn.Site, TurnNetwork: r.Turn.Network, TurnSession: r.Turn.Session,
	}
}

func inspectFromWire(w *workerpb.InspectRequest) InspectRequest {
	return InspectRequest{
		RawURL: w.GetRawUrl(), PhotoURL: w.GetPhotoUrl(), DeclaredType: w.GetDeclaredType(), SHA256: w.GetSha256(),
		MaxBytes: w.GetMaxBytes(), MaxPixels: w.GetMaxPixels(), RequestID: w.GetRequestId(), Demanding: w.GetDemanding(),
		Turn: Turn{Site: w.GetTurnSite(), Network: w.GetTurnNetwork(), Session: w.GetTurnSession()},
	}
}

func inspectedToWire(i Inspected) *workerpb.InspectReply {
	return &workerpb.InspectReply{
		Width: clamp(i.Width), Height: clamp(i.Height), ContentType: i.ContentType, Fingerprint: i.Fingerprint,
		Phash: i.PHash, PhotoBytes: i.PhotoBytes,
	}
}

func inspectedFromWire(w *workerpb.InspectReply) Inspected {
	return Inspected{
		Width: int(w.GetWidth()), Height: int(w.GetHeight()), ContentType: w.GetContentType(),
		Fingerprint: w.GetFingerprint(), PHash: w.GetPhash(), PhotoBytes: w.GetPhotoBytes(),
	}
}

func heartbeatToWire(b Heartbeat) *workerpb.Beat {
	return &workerpb.Beat{
		Id: b.ID, Address: b.Address, Region: b.Region, Capacity: clamp(b.Capacity), InFlight: clamp(b.InFlight),
		Providers: b.Providers, Version: b.Version, Draining: b.Draining, SentMs: b.SentMS, Inspects: clamp(b.Inspects), Spooled: b.Spooled,
	}
}

func heartbeatFromWire(w *workerpb.Beat) Heartbeat {
	return Heartbeat{
		ID: w.GetId(), Address: w.GetAddress(), Region: w.GetRegion(), Capacity: int(w.GetCapacity()),
		InFlight: int(w.GetInFlight()), Providers: w.GetProviders(), Version: w.GetVersion(), Draining: w.GetDraining(), SentMS: w.GetSentMs(), Inspects: int(w.GetInspects()), Spooled: w.GetSpooled(),
	}
}

// clamp fits a count into the wire's 32 bits.
func clamp(n int) int32 {
	return int32(max(math.MinInt32, min(n, math.MaxInt32)))
}
