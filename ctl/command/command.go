package command

import (
	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/app"
)

// New builds the whole tree of commands.
func New(a *app.App) *cobra.Command {
	return a.Root(
		newDev(a), newStatus(a), newQuota(a), newProvider(a), newExperiment(a), newBudget(a), newFallback(a), newCost(a), newCampaign(a), newCache(a), newTask(a),
		newWorker(a), newSession(a), newStorage(a), newEngine(a), newIntake(a), newCatalog(a), newPrompt(a), newHistory(a),
		newContext(a), newVersion(a),
	)
}
