package httpapi

import (
	"context"
	"net/http"
	"strconv"

	"github.com/imgfleet/imgfleet/gateway/httpapi/strictjson"
	"github.com/imgfleet/imgfleet/gateway/intake"
	"github.com/imgfleet/imgfleet/pkg/client"
	"github.com/imgfleet/imgfleet/pkg/fault"
	"github.com/imgfleet/imgfleet/pkg/task"
)

const (
	defaultPage = 20
	maxPage     = 100
)

func (s *Server) createTask(ctx context.Context, c *call) error {
	key, err := c.idempotencyKey()
	if err != nil {
		return err
	}
	in, err := c.json()
	if err != nil {
		return err
	}
	r := intake.Request{
		Session: c.owner, Client: c.client, Began: c.who.Began, Proved: c.who.Proved, Language: c.language, Key: key, Refusal: c.limited, RequestID: c.id,
		Upload:   task.UploadID(in.String("uploadId", strictjson.Required)),
		Style:    in.String("style", strictjson.Required),
		Place:    in.String("place", strictjson.Required),
		Campaign: in.String("campaign", strictjson.Optional),
	}
	options, optionsErr := s.readOptions(in)
	if err := in.Err(); err != nil {
		return err
	}
	if optionsErr != nil {
		return optionsErr
	}
	if options != nil {
		r.Options = *options
	}
	if !task.ValidID(string(r.Upload)) {
		return fault.New(fault.UploadNotFound)
	}
	accepted, err := s.deps.Intake.Submit(ctx, r)
	if err != nil {
		return err
	}
	return c.accepted(accepted)
}

func (s *Server) regenerateTask(ctx context.Context, c *call, id task.ID) error {
	key, err := c.idempotencyKey()
	if err != nil {
		return err
	}
	in, err := c.json()
	if err != nil {
		return err
	}
	r := intake.RegenerateRequest{
		Session: c.owner, Client: c.client, Began: c.who.Began, Proved: c.who.Proved, Language: c.language, Key: key, Refusal: c.limited, Task: id, RequestID: c.id,
		Style: in.StringPtr("style"), Place: in.StringPtr("place"),
	}
	options, optionsErr := s.readOptions(in)
	if err := in.Err(); err != nil {
		return err
	}
	if optionsErr != nil {
		return optionsErr
	}
	r.Options = options
	accepted, err := s.deps.Intake.Regenerate(ctx, r)
	if err != nil {
		return err
	}
	return c.accepted(accepted)
}

// readOptions reads the knobs. A zero that is not in range would read as "not
// given" further in, so it is refused here.
func (s *Server) readOptions(in *strictjson.Object) (*task.Options, error) {
	o := in.Object("options")
	if o == nil {
		return nil, nil
	}
	out := &task.Options{
		Aspect:     o.String("aspect", strictjson.Optional),
		Resolution: o.String("resolution", strictjson.Optional),
		Seed:       o.Int("seed", strictjson.Optional),
		Note:       o.String("note", strictjson.Optional),
	}
	ranges := s.deps.Policy.Catalog().Options
	outside := fault.New(fault.OptionsInvalid)
	if steps := o.Int("steps", strictjson.Optional); steps != nil {
		if *steps < int64(ranges.Steps[0]) || *steps > int64(ranges.Steps[1]) {
			return nil, outside.At(o.Pointer("steps"), fault.FieldOutOfRange,
				"must be "+strconv.Itoa(ranges.Steps[0])+" to "+strconv.Itoa(ranges.Steps[1]))
		}
		out.Steps = int(*steps)
	}
	if cfg := o.Float("cfg"); cfg != nil {
		if *cfg < ranges.CFG[0] || *cfg > ranges.CFG[1] {
			return nil, outside.At(o.Pointer("cfg"), fault.FieldOutOfRange, "is outside the catalogue's range")
		}
		out.CFG = *cfg
	}
	return out, nil
}

func (c *call) accepted(a intake.Accepted) error {
	c.task = a.Record.ID
	c.set("Location", "/tasks/"+string(a.Record.ID))
	if a.Replayed {
		c.set("Idempotency-Replayed", "true")
	}
	c.set("ETag", taskTag(a.Record, c.language))
	return c.answer(http.StatusAccepted, c.s.taskDocument(a.Record, c.language))
}

func (s *Server) listTasks(ctx context.Context, c *call) error {
	limit := defaultPage
	if raw := c.query("limit"); raw != "" {
		n, err := strconv.Atoi(raw)
		if err != nil || n < 1 || n > maxPage {
			return fault.New(fault.InvalidQuery).At("limit", fault.FieldOutOfRange, "must be 1 to 100")
		}
		limit = n
	}
	page, next, err := s.deps.Intake.List(ctx, c.owner, limit, c.query("cursor"))
	if err != nil {
		return err
	}
	out := client.Page{Data: make([]client.Task, 0, len(page)), NextCursor: next}
	for _, r := range page {
		out.Data = append(out.Data, s.taskDocument(r, c.language))
	}
	return c.answer(http.StatusOK, out)
}

func (s *Server) cancelTask(ctx context.Context, c *call, id task.ID) error {
	r, err := s.deps.Intake.Cancel(ctx, c.owner, id)
	if err != nil {
		return err
	}
	return c.answer(http.StatusAccepted, s.taskDocument(r, c.language))
}

func (s *Server) deleteTask(ctx context.Context, c *call, id task.ID) error {
	r, err := s.deps.Erasure.Task(ctx, c.owner, id)
	return c.receipt(r, err)
}

func (s *Server) rateTask(ctx context.Context, c *call, id task.ID) error {
	in, err := c.json()
	if err != nil {
		return err
	}
	rating := readRating(in)
	if err := in.Err(); err != nil {
		return err
	}
	if rating == "" {
		return fault.New(fault.RatingInvalid).At("/rating", fault.FieldOutOfRange, `must be 1 to 5, "like" or "dislike"`)
	}
	if err := s.deps.Intake.Feedback(ctx, c.owner, id, rating); err != nil {
		return err
	}
	return c.empty(http.StatusNoContent)
}

// readRating reads 1 to 5, "like" or "dislike"; "" is any other value.
func readRating(in *strictjson.Object) string {
	if in.Kind("rating") == "string" {
		if r := in.String("rating", strictjson.Required); r == "like" || r == "dislike" {
			return r
		}
		return ""
	}
	if n := in.Int("rating", strictjson.Required); n != nil && *n >= 1 && *n <= 5 {
		return strconv.FormatInt(*n, 10)
	}
	return ""
}
