package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/deploy/rig"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

const wholeService = "*"

// budgets are the daily budgets in fen. Alpha's ends early in the run, so that
// the rest goes to beta. The whole service's ends before all tasks have a
// picture, so that the last are refused.
func (c Config) budgets() map[string]int64 {
	if !c.Budgets {
		return nil
	}
	pictures := func(percent int) int64 { return int64(max(1, c.Tasks*percent/100)) * priceFen }
	return map[string]int64{alpha: pictures(20), wholeService: pictures(65)}
}

// limit sets the budgets, as an operator would.
func limit(ctx context.Context, c Config, s *site) error {
	if !c.Budgets {
		return nil
	}
	_, err := s.admin[0].SetBudgets(ctx, c.budgets(), operator.Edit{Reason: "torture"})
	return err
}

// spendings are fen by day and provider; wholeService is the sum.
type spendings map[string]map[string]int64

func spent(costs []operator.Cost) spendings {
	out := spendings{}
	for _, c := range costs {
		if out[c.Day] == nil {
			out[c.Day] = map[string]int64{}
		}
		fen := c.SpentFen()
		out[c.Day][c.Provider] += fen
		out[c.Day][wholeService] += fen
	}
	return out
}

// overspending lists the budgets that were overspent by more than one picture:
// in the ledger of any day, or by the submissions that a vendor counted over
// all days. sent is nil when nobody counts by provider.
func overspending(budgets map[string]int64, by spendings, sent map[string]int64) (faults []string) {
	say := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	for name, fen := range budgets {
		for day, spent := range by {
			if spent[name] > fen+priceFen {
				say("%d fen are booked for %s on %s, the budget is %d", spent[name], name, day, fen)
			}
		}
		if most := int64(len(by)) * (fen + priceFen); sent[name]*priceFen > most {
			say("%s took %d pictures, which is more than %d fen of budget", name, sent[name], fen)
		}
	}
	return faults
}

// checkBudgets compares the budgets with the ledger and with the vendors'
// counts, and the ledger with the figures of the leader, which has counted
// everything again since the restart.
func (v *verifier) checkBudgets(ctx context.Context, costs []operator.Cost) string {
	budgets, by := v.config.budgets(), spent(costs)
	if budgets == nil {
		return ""
	}
	var sent map[string]int64
	if v.site.vendors != nil {
		sent = map[string]int64{}
		for name, n := range v.counted.sent {
			sent[name] = int64(n)
			sent[wholeService] += int64(n)
		}
	}
	for _, f := range overspending(budgets, by, sent) {
		v.book.fault(overspent, 1, "", "%s", f)
	}
	if len(by) == 1 { // else midnight has passed, and the budgets are new
		if err := v.agreed(ctx, by); err != nil {
			v.book.fault(unbooked, 1, "", "%v", err)
		}
	}
	var parts []string
	for day, spent := range by {
		parts = append(parts, fmt.Sprintf("%s: %d of %d fen at alpha, %d of %d in all", day, spent[alpha], budgets[alpha], spent[wholeService], budgets[wholeService]))
	}
	return strings.Join(parts, "; ")
}

// agreed waits until the leader's figures are those of the ledger.
func (v *verifier) agreed(ctx context.Context, by spendings) error {
	return rig.Retry(ctx, sweeping, 200*time.Millisecond, func(ctx context.Context) error {
		b, err := v.admin.Budgets(ctx)
		for _, spent := range by {
			for _, x := range b.Budgets {
				if x.SpentFen != spent[x.Name] {
					err = fmt.Errorf("%d fen are booked for %s, the leader says %d", spent[x.Name], x.Name, x.SpentFen)
				}
			}
		}
		return err
	})
}
