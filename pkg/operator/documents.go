package operator

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/imgfleet/imgfleet/pkg/task"
)

// Limit is one limit: what applies, and where it comes from. 0 means off.
type Limit struct {
	Key        string `json:"key"` // as in the configuration file, below "limits"
	Value      int64  `json:"value"`
	Configured int64  `json:"configured"`
	Overridden bool   `json:"overridden"`
}

// Limits are all limits in the order of the contract.
type Limits struct {
	Version int     `json:"version"` // of the operator state
	Limits  []Limit `json:"limits"`
}

// LimitsPatch sets some limits; null takes one back.
type LimitsPatch struct {
	Limits map[string]*int64 `json:"limits"`
}

// LimitsReset names limits to take back to the configured values; none means
// all.
type LimitsReset struct {
	Keys []string `json:"keys"`
}

// Quota is where a session stands today.
type Quota struct {
	Session     task.SessionID `json:"session"`
	Daily       int64          `json:"daily"` // 0: no limit
	Used        int64          `json:"used"`
	Active      int64          `json:"active"`
	ActiveLimit int64          `json:"activeLimit"`
	ResetsAt    time.Time      `json:"resetsAt"`
}

// Grant gives a session more tasks today. The same ExternalID gives only
// once.
type Grant struct {
	ExternalID string `json:"externalId"`
	Tasks      int64  `json:"tasks"`
}

// Session is what an operator may see of a session.
type Session struct {
	Quota Quota     `json:"quota"`
	Tasks []task.ID `json:"tasks"`
}

// Receipt says what was erased.
type Receipt struct {
	ReceiptID string    `json:"receiptId"`
	Uploads   int       `json:"uploads"`
	Tasks     int       `json:"tasks"`
	Objects   int       `json:"objects"`
	CDN       int       `json:"cdnPending,omitempty"` // copies that a CDN may still hold for minutes
	At        time.Time `json:"at"`
	DryRun    bool      `json:"dryRun,omitempty"`
}

// Provider is one provider as configured, as switched, and as it is doing.
type Provider struct {
	Name   string     `json:"name"`
	State  string     `json:"state"`            // ok, off, no_worker, open, half-open, failing, resting or budget_spent
	Reason string     `json:"reason,omitempty"` // why it is not ok
	Until  *time.Time `json:"until,omitempty"`  // when it is asked again

	Calls       int64    `json:"calls"`   // of the last day, over all gateways
	Success     *float64 `json:"success"` // share of the last 100 of these that gave a picture; null before the first
	LastRefusal *Refusal `json:"lastRefusal,omitempty"`

	Kind             string   `json:"kind"`
	Region           string   `json:"region,omitempty"`
	Enabled          bool     `json:"enabled"`
	Weight           int      `json:"weight"`
	ConfiguredWeight int      `json:"configuredWeight"`
	MaxConcurrent    int      `json:"maxConcurrent"` // 0: no limit
	InFlight         int      `json:"inFlight"`
	PriceFen         int64    `json:"priceFen"`
	Workers          []string `json:"workers"` // that can call it

	Breakers   map[string]string `json:"breakers,omitempty"`   // open or half-open, by region
	RateWindow int               `json:"rateWindow,omitempty"` // calls at once that it bears while it limits our rate
	P50Seconds float64           `json:"p50Seconds,omitempty"` // of the last pictures
	P95Seconds float64           `json:"p95Seconds,omitempty"`
	SpentFen   int64             `json:"spentFen"` // today, with what is set aside
	BudgetFen  *int64            `json:"budgetFen,omitempty"`
	Remaining  *int64            `json:"remaining,omitempty"` // calls that it still takes in its period, where it says so
	Alarms     []Alarm           `json:"alarms,omitempty"`
}

// Refusal is a call that gave no picture, in the vendor's own words.
type Refusal struct {
	Class   task.Class `json:"class"`
	Code    string     `json:"code"`
	Message string     `json:"message"`
	At      time.Time  `json:"at"`
}

// ProviderPatch changes how a provider is used; nil leaves as it is.
type ProviderPatch struct {
	Enabled     *bool `json:"enabled,omitempty"`
	Weight      *int  `json:"weight,omitempty"`
	ResetWeight bool  `json:"resetWeight,omitempty"`
}

// CacheStats describe the cache of finished tasks.
type CacheStats struct {
	Entries  int `json:"entries"`
	Sessions int `json:"sessions"`
}

// CachePurge chooses what to forget; exactly one is given.
type CachePurge struct {
	Session task.SessionID `json:"session,omitempty"`
	Style   string         `json:"style,omitempty"`
	All     bool           `json:"all,omitempty"`
	CDN     bool           `json:"cdn,omitempty"` // the pictures at the CDN, too; not with a style, which it does not know
}

// Purged says what was forgotten.
type Purged struct {
	Removed int    `json:"removed"`
	CDN     string `json:"cdn,omitempty"` // beneath this address everything is forgotten by the CDN, within minutes
	DryRun  bool   `json:"dryRun,omitempty"`
}

// Storage is what the object store holds, and the disk beneath it.
type Storage struct {
	Kinds []Stored `json:"kinds"`
	Total Stored   `json:"total"`
	// Complete is false when there was too much to count: there is at least
	// what is told.
	Complete bool  `json:"complete"`
	Disk     *Disk `json:"disk,omitempty"` // none with a bucket
}

// Stored is how much there is of one kind of objects. Partial uploads are
// those of the gateway that was asked.
type Stored struct {
	Kind    string    `json:"kind"`
	Objects int       `json:"objects"`
	Bytes   int64     `json:"bytes"`
	Oldest  time.Time `json:"oldest,omitzero"`
	ByAge   ByAge     `json:"byAge"`
}

// ByAge divides bytes by when they were written.
type ByAge struct {
	Hour  int64 `json:"hour"`     // within the last hour
	Six   int64 `json:"sixHours"` // before that, within six
	Day   int64 `json:"day"`      // before that, within a day
	Older int64 `json:"older"`
}

// Disk is the room that is left; below MinFree nothing is taken.
type Disk struct {
	FreeBytes    int64 `json:"freeBytes"`
	TotalBytes   int64 `json:"totalBytes"`
	MinFreeBytes int64 `json:"minFreeBytes"`
}

// Worker is a worker as last heard of, and what the operator wants of it.
type Worker struct {
	ID        string    `json:"id"`
	Address   string    `json:"address"`
	Region    string    `json:"region"`
	Capacity  int       `json:"capacity"`
	InFlight  int       `json:"inFlight"`
	Providers []string  `json:"providers"`
	Version   string    `json:"version"`
	Draining  bool      `json:"draining"`         // it is stopping by itself
	Drained   bool      `json:"drained"`          // the operator wants it to get nothing new
	Reason    string    `json:"reason,omitempty"` // why
	LastSeen  time.Time `json:"lastSeen"`         // zero when it is not there
	Present   bool      `json:"present"`
}

// WorkerPatch changes whether a worker gets new attempts.
type WorkerPatch struct {
	Drain bool `json:"drain"`
}

// Intake says whether new tasks are accepted.
type Intake struct {
	Paused bool       `json:"paused"`
	Reason string     `json:"reason,omitempty"`
	Until  *time.Time `json:"until,omitempty"`
}

// Change is one entry of the history, or what a request changed. Before and
// After hold only what differs, so that a person can read them.
type Change struct {
	Version   int             `json:"version"`
	At        time.Time       `json:"at"`
	Who       string          `json:"who"`
	Action    string          `json:"action"`
	Subject   string          `json:"subject,omitempty"`
	Reason    string          `json:"reason,omitempty"`
	Before    json.RawMessage `json:"before,omitempty"`
	After     json.RawMessage `json:"after,omitempty"`
	Final     bool            `json:"final,omitempty"`     // an act that cannot be undone
	Warnings  []string        `json:"warnings,omitempty"`  // of an answer: what was changed without the effect that it seems to have
	Unchanged bool            `json:"unchanged,omitempty"` // it was so already; nothing was written
	DryRun    bool            `json:"dryRun,omitempty"`
}

// Empty reports whether nothing differs.
func (c Change) Empty() bool { return string(c.Before) == "{}" && string(c.After) == "{}" }

// Clip bounds what people write about a change.
func Clip(s string) string {
	const most = 1000
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return s
}

// List is a list in an envelope, so that it can grow fields.
type List[T any] struct {
	Data []T    `json:"data"`
	Next string `json:"next,omitempty"` // goes on where there are more
}

// Version tells which build answers.
type Version struct {
	Version string `json:"version"`
	Go      string `json:"go"`
}

// Status is the whole at a glance.
type Status struct {
	Version     string         `json:"version"`
	Environment string         `json:"environment"`
	StartedAt   time.Time      `json:"startedAt"`
	Ready       bool           `json:"ready"`
	Trouble     string         `json:"trouble,omitempty"` // what is not ok, and why
	Checks      []Check        `json:"checks"`
	Policy      int            `json:"policy"` // version of the operator state
	Intake      Intake         `json:"intake"`
	Leader      bool           `json:"leader"` // this gateway dispatches
	Queued      int            `json:"queued"`
	Running     int            `json:"running"`
	Capacity    int            `json:"capacity"`
	P50Seconds  float64        `json:"p50Seconds"`
	P90Seconds  float64        `json:"p90Seconds"`
	Workers     int            `json:"workers"`
	Regions     map[string]int `json:"regions"`  // workers by region
	InFlight    map[string]int `json:"inFlight"` // calls by provider, on the leader
	Disabled    []string       `json:"disabled"` // providers switched off
	Alarms      []Alarm        `json:"alarms"`

	Objectives    []Objective `json:"objectives"`
	WindowSeconds float64     `json:"windowSeconds"` // over which these are measured
}

// Check is one thing that a gateway works with.
type Check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"` // why it is not
}

// Readiness is what /readyz answers, on both listeners.
type Readiness struct {
	Ready  bool    `json:"ready"`
	Checks []Check `json:"checks"`
}

// The checks that others know by name.
const (
	CheckEngine  = "engine"  // without it a gateway answers nothing
	CheckWorkers = "workers" // waits for the first worker
)

// Serves reports whether a gateway is built and answers. It may still lack
// workers, which start after it, or room for photos.
func (r Readiness) Serves() bool { return r.Has(CheckEngine) }

// Has reports whether a check is there and ok.
func (r Readiness) Has(check string) bool {
	return slices.ContainsFunc(r.Checks, func(c Check) bool { return c.OK && c.Name == check })
}

// Names of alarms that imgctl shows beside what they are about. There are more.
const (
	AlarmBudget    = "budget"    // nearly spent, or spent
	AlarmCampaign  = "campaign"  // the same of an open campaign's
	AlarmAllowance = "allowance" // the vendor soon takes no more calls
)

// How soon somebody should look at an alarm.
const (
	AlarmWarning  = "warning"  // nothing fails yet
	AlarmCritical = "critical" // people notice
)

// Alarm is what an operator should know now.
type Alarm struct {
	Name      string    `json:"name"`
	Subject   string    `json:"subject,omitempty"` // what it is about, where several have the name: a provider, "*" for the whole service, a campaign, a stream
	Severity  string    `json:"severity"`
	Message   string    `json:"message"`
	Since     time.Time `json:"since"`
	SpentFen  int64     `json:"spentFen,omitempty"` // of a budget
	BudgetFen int64     `json:"budgetFen,omitempty"`
	Remaining int64     `json:"remaining,omitempty"` // calls of an allowance
}

// Budgets are what may be spent on a Shanghai day.
type Budgets struct {
	Version int      `json:"version"`
	Budgets []Budget `json:"budgets"`
}

// Budget is that of one provider, or of the whole service when Name is "*".
type Budget struct {
	Name     string `json:"name"`
	Fen      *int64 `json:"fen,omitempty"`   // nil: no limit
	SpentFen int64  `json:"spentFen"`        // today, with what is set aside for calls under way
	Alarm    bool   `json:"alarm,omitempty"` // nearly spent, or spent
}

// BudgetsPatch sets some budgets; null takes one back.
type BudgetsPatch struct {
	Budgets map[string]*int64 `json:"budgets"`
}

// BudgetsReset removes some budgets, all of them when none is named.
type BudgetsReset struct {
	Names []string `json:"names,omitempty"`
}
