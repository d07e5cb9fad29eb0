package fault

// The codes that only the admin API uses; it uses public ones, too. To add one:
// its constant here, its name in operators below, and its sentence in
// gateway/admin/sentences.go.
const (

	// Unprocessable.
	CatalogInvalid Code = "catalog_invalid"
	GrantInvalid   Code = "grant_invalid"
	PolicyInvalid  Code = "policy_invalid"
	PromptTooLong  Code = "prompt_too_long"

	// Unauthenticated.
	AdminTokenRequired Code = "admin_token_required"

	// Forbidden.
	HostNotAllowed Code = "host_not_allowed"

	// NotFound.
	CampaignNotFound   Code = "campaign_not_found"
	CatalogNotFound    Code = "catalog_not_found"
	ChangeNotFound     Code = "change_not_found"
	ExperimentNotFound Code = "experiment_not_found"
	ModelNotFound      Code = "model_not_found"
	PlaceNotFound      Code = "place_not_found"
	ProviderNotFound   Code = "provider_not_found"
	SessionNotFound    Code = "session_not_found"
	StyleNotFound      Code = "style_not_found"
	WorkerNotFound     Code = "worker_not_found"

	// Conflict.
	CampaignEnded        Code = "campaign_ended"
	CampaignExists       Code = "campaign_exists"
	CampaignsTooMany     Code = "campaigns_too_many"
	CatalogConflict      Code = "catalog_conflict"
	CatalogFirst         Code = "catalog_first"
	CDNNotConfigured     Code = "cdn_not_configured"
	ExperimentExists     Code = "experiment_exists"
	ExperimentNotRunning Code = "experiment_not_running"
	ExperimentRunning    Code = "experiment_running"
	GrantUsed            Code = "grant_used"
	NotUndoable          Code = "not_undoable"
	SwitchNotRunning     Code = "switch_not_running"
	SwitchRunning        Code = "switch_running"
	UndoSuperseded       Code = "undo_superseded"

	// Unsupported.
	NotTheAdminAPI Code = "not_the_admin_api" // said by the client itself

	// TooLarge.
	PolicyTooLarge Code = "policy_too_large"
)

// operators is the table of the codes above.
func operators(c Code) (r row, known bool) {
	switch c {
	case CatalogInvalid, GrantInvalid, PolicyInvalid, PromptTooLong:
		return row{Unprocessable, final}, true
	case AdminTokenRequired:
		return row{Unauthenticated, final}, true
	case HostNotAllowed:
		return row{Forbidden, final}, true
	case CampaignNotFound, CatalogNotFound, ChangeNotFound, ExperimentNotFound, ModelNotFound, PlaceNotFound,
		ProviderNotFound, SessionNotFound, StyleNotFound, WorkerNotFound:
		return row{NotFound, final}, true
	case CampaignEnded, CampaignExists, CampaignsTooMany, CatalogConflict, CatalogFirst, CDNNotConfigured,
		ExperimentExists, ExperimentNotRunning, ExperimentRunning, GrantUsed, NotUndoable, SwitchNotRunning,
		SwitchRunning, UndoSuperseded:
		return row{Conflict, final}, true
	case NotTheAdminAPI:
		return row{Unsupported, final}, true
	case PolicyTooLarge:
		return row{TooLarge, final}, true
	}
	return row{}, false
}

// What may be wrong with a field of the admin API, beside what is in public.go.
const (
	FieldInvalid    FieldCode = "invalid"
	FieldConflict   FieldCode = "conflict"
	FieldTooMany    FieldCode = "too_many"
	FieldDisabled   FieldCode = "disabled"
	FieldIdle       FieldCode = "idle"
	FieldMock       FieldCode = "mock"
	FieldOtherModel FieldCode = "other_model"
)
