package intake

import (
	"cmp"

	"github.com/imgfleet/imgfleet/gateway/policy"
	"github.com/imgfleet/imgfleet/pkg/catalog"
)

// enroll puts the draft into its session's arm of the running experiment: it
// takes the arm's catalogue, and the arm's options where the person chose none.
// A style or place that is missing in one of the catalogues takes no part;
// otherwise the arms would be compared by different pictures.
func (in *Intake) enroll(d *draft) {
	if in.arms == nil {
		return
	}
	state := in.policy.State()
	arm, tag := in.arms.Choose(state, d.Session)
	if tag == nil {
		return
	}
	for _, a := range state.Experiments[tag.Experiment].Arms {
		if _, known := in.words(a, d); !known {
			return
		}
	}
	d.choice, _ = in.words(arm, d)
	d.arm = tag
	style := &d.choice.style
	style.Defaults = catalog.Defaults{
		Aspect: cmp.Or(arm.Aspect, style.Defaults.Aspect), Resolution: cmp.Or(arm.Resolution, style.Defaults.Resolution),
		Steps: cmp.Or(arm.Steps, style.Defaults.Steps), CFG: cmp.Or(arm.CFG, style.Defaults.CFG),
	}
	style.Strength = cmp.Or(arm.Strength, style.Strength)
}

// words is the choice as the catalogue of an arm has it.
func (in *Intake) words(a policy.Arm, d *draft) (c choice, known bool) {
	c = d.choice
	if a.Catalog == 0 {
		return c, true
	}
	doc := in.policy.Words(a.Catalog)
	if doc == nil {
		return c, false
	}
	var place bool
	c.style, known = doc.Style(c.style.ID)
	c.place, place = doc.Place(c.place.ID)
	c.version = doc.Version
	return c, known && place
}
