package command

import (
	"context"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/imgfleet/imgfleet/ctl/app"
	"github.com/imgfleet/imgfleet/ctl/terminal"
	"github.com/imgfleet/imgfleet/pkg/operator"
)

func newStorage(a *app.App) *cobra.Command {
	usage := a.Shows(&cobra.Command{
		Use: "usage", Short: "Count what is kept, by kind and age",
		Long: "Count what is kept, by kind and age of its bytes. Of a very large store only a part is read: then there is at least what is shown.\n" +
			"Partial uploads are those of the gateway that is asked.",
		Args: cobra.NoArgs,
	}, func(ctx context.Context, c *operator.Client, _ []string) (terminal.View, error) {
		s, err := c.Storage(ctx)
		if err == nil && !s.Complete {
			a.Talk("There is more than could be counted: at least this much.")
		}
		return storageView(s), err
	})
	return app.Group("storage", "Photos, pictures and the room for them", usage)
}

func storageView(s operator.Storage) terminal.View {
	number := func(name string) terminal.Column { return terminal.Column{Name: name, Right: true} }
	t := terminal.Table{Columns: []terminal.Column{
		{Name: "kind"}, number("objects"), number("bytes"), number("<1h"), number("<6h"), number("<24h"), number("older"), number("oldest"),
	}}
	var names []string
	for _, k := range append(s.Kinds, s.Total) {
		oldest := "–"
		if !k.Oldest.IsZero() {
			oldest = age(time.Since(k.Oldest))
		}
		t.Rows = append(t.Rows, []string{
			k.Kind, strconv.Itoa(k.Objects), sizeText(k.Bytes), sizeText(k.ByAge.Hour), sizeText(k.ByAge.Six), sizeText(k.ByAge.Day),
			sizeText(k.ByAge.Older), oldest,
		})
		names = append(names, k.Kind)
	}
	v := terminal.View{Doc: s, Names: names, Table: t}
	if s.Disk != nil {
		v.More = []terminal.Table{{
			Columns: []terminal.Column{number("disk free"), number("of"), number("refused below")},
			Rows:    [][]string{{sizeText(s.Disk.FreeBytes), sizeText(s.Disk.TotalBytes), sizeText(s.Disk.MinFreeBytes)}},
		}}
	}
	return v
}

// sizeText is short, so that many fit a line.
func sizeText(v int64) string {
	if v == 0 {
		return "–"
	}
	return bytesText(v)
}
