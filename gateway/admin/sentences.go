package admin

import (
	"strings"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// sentence says to an operator what a code means and what to do.
func sentence(f *fault.Fault) string {
	s, ok := sentences()[f.Code]
	if !ok {
		s = strings.ReplaceAll(string(f.Code), "_", " ")
	}
	for name, value := range f.Params {
		s = strings.ReplaceAll(s, "{"+name+"}", value)
	}
	return s
}

func sentences() map[fault.Code]string {
	return map[fault.Code]string{
		fault.AdminTokenRequired:   "the admin token is missing or wrong",
		fault.HostNotAllowed:       "this API is called by its address or by a name in admin.hosts",
		fault.NothingHere:          "there is nothing of this name; if it is a route, client and gateway differ in version",
		fault.MethodNotAllowed:     "this route does not take this method",
		fault.UnsupportedMediaType: "the body must be application/json",
		fault.BodyTooLarge:         "the body is too large ({most} at most)",
		fault.BodyIncomplete:       "the body did not arrive completely",
		fault.InvalidRequest:       "the request is refused",
		fault.InvalidJSON:          "the body is no JSON document",
		fault.PolicyInvalid:        "the request is refused",
		fault.PolicyTooLarge:       "the operator state would be too large",
		fault.PreconditionFailed:   "the operator state has changed in between; it is at version {version} now",
		fault.UndoSuperseded:       "a later change touched the same as change {version}; undo that one first",
		fault.NotUndoable:          "change {version} was an act that cannot be taken back",
		fault.ChangeNotFound:       "change {version} is not in the history (the last 1000 are kept)",
		fault.TaskNotFound:         "there is no such task; it may have expired",
		fault.TaskFinished:         "the task has finished already",
		fault.SessionNotFound:      "there is no such session",
		fault.GrantInvalid:         "the grant is refused",
		fault.GrantUsed:            "this external id was granted to another session already",
		fault.ProviderNotFound:     "no provider of this name is configured ({known})",
		fault.SwitchRunning:        "tasks are being moved from {from} to {to} already; abort that first",
		fault.SwitchNotRunning:     "no switch of providers is under way",
		fault.WorkerNotFound:       "no worker of this id is known",
		fault.CatalogInvalid:       "the catalogue is refused",
		fault.CatalogConflict:      "the document was made from version {base}, but version {version} is in force; merge the two, or leave out the version",
		fault.CatalogFirst:         "no catalogue was in force before this one",
		fault.CatalogNotFound:      "catalogue {version} is not kept (the last 100 are)",
		fault.StyleNotFound:        "the catalogue has no such style ({known})",
		fault.PlaceNotFound:        "the catalogue has no such place ({known})",
		fault.ModelNotFound:        "nobody described how to ask this model ({known})",
		fault.PromptTooLong:        "style and safety wording are longer than this model reads; it would not be asked",
		fault.NoteRefused:          "the rules for words refuse this note",
		fault.ExperimentRunning:    "the experiment {name} is running; stop it first",
		fault.ExperimentNotRunning: "the experiment {name} has been stopped already",
		fault.ExperimentExists:     "there was an experiment {name} already; take another name",
		fault.ExperimentNotFound:   "there is no such experiment",
		fault.CampaignExists:       "there is a campaign {name} already, or one that is over and still listed; take another name",
		fault.CampaignNotFound:     "there is no campaign {name}",
		fault.CampaignEnded:        "campaign {name} is over already",
		fault.CampaignsTooMany:     "at most {most} campaigns may be open or planned",
		fault.CDNNotConfigured:     "no CDN is configured that this gateway may refresh (cdn.baseUrl, cdn.accessKey, cdn.secretKey, cdn.domainId)",
		fault.EngineUnavailable:    "the engine does not answer; try again",
		fault.EngineTimeout:        "the engine does not answer; try again",
	}
}
