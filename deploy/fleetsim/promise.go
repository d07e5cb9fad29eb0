package main

import (
	"fmt"
	"time"

	"github.com/imgfleet/imgfleet/gateway/routing"
	"github.com/imgfleet/imgfleet/pkg/config"
)

// fallback is that section of a configuration: what people are promised of
// vendors that fail. It has every key of the section, so that a run never
// leaves out what operators have.
type fallback struct {
	NoticeAfter        time.Duration `config:"noticeAfter"`
	HedgeBudget        float64       `config:"hedgeBudget"`
	Unknown            string        `config:"unknown"`
	DoublePayFenPerDay int64         `config:"doublePayFenPerDay"`
	Mock               bool          `config:"mock"`
}

// readFallback reads it as it stands in a file, and looks at nothing else.
func readFallback(file string) (fallback, error) {
	d := routing.Defaults()
	doc := struct {
		Fallback fallback `config:"fallback"`
	}{fallback{NoticeAfter: d.NoticeAfter, Unknown: string(d.Unknown)}}
	if err := config.Load(&doc, config.Options{File: file}); err != nil {
		return fallback{}, fmt.Errorf("%s: %w", file, err)
	}
	return doc.Fallback, nil
}

// section is what a gateway of the simulation is told. Times are scaled like
// the vendors' own.
func (f fallback) section(brief func(time.Duration) string) map[string]any {
	return map[string]any{
		"noticeAfter": brief(f.NoticeAfter), "hedgeBudget": f.HedgeBudget, "unknown": f.Unknown,
		"doublePayFenPerDay": f.DoublePayFenPerDay, "mock": f.Mock,
	}
}

func (f fallback) String() string {
	return fmt.Sprintf("noticeAfter %v, hedgeBudget %v, unknown %s, doublePayFenPerDay %d, mock %v",
		f.NoticeAfter, f.HedgeBudget, f.Unknown, f.DoublePayFenPerDay, f.Mock)
}
