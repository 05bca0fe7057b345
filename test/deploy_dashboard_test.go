// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// panel is what is looked at of a panel of the dashboard.
type panel struct {
	ID          int
	Type, Title string
	Description string
	Links       []struct{ URL string }
	GridPos     struct{ H, W, X, Y int }
	Datasource  struct{ UID string }
	Targets     []struct{ Expr, LegendFormat string }
}

type dashboard struct {
	UID, Title    string
	Tags          []string
	SchemaVersion int
	Templating    struct {
		List []struct {
			Name, Type string
			Query      any
		}
	}
	Panels []panel
}

func readDashboard(t *testing.T, file string) (d dashboard) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(readFile(t, file)), &d), file)
	return d
}

func TestTheDashboardCanBeImportedAndEveryPanelSaysWhatToDo(t *testing.T) {
	uids := map[string]bool{}
	for names, files := range deployed {
		d := readDashboard(t, files.dashboard)
		assert.NotEmpty(t, d.Title)
		assert.LessOrEqual(t, len(d.UID), 40, "of a uid of Grafana's")
		assert.False(t, uids[d.UID], "two dashboards of one uid take each other's place")
		uids[d.UID] = true
		assert.NotEmpty(t, d.Tags)
		assert.GreaterOrEqual(t, d.SchemaVersion, 39)
		var variables []string
		for _, v := range d.Templating.List {
			variables = append(variables, v.Name)
		}
		assert.Equal(t, []string{"datasource", "job", "instance", "exporter"}, variables)
		ids, cells, links := map[int]bool{}, map[[2]int]string{}, []string(nil)
		for _, p := range d.Panels {
			assert.False(t, ids[p.ID], "%s, %s: its id is another's", names, p.Title)
			ids[p.ID] = true
			for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
				for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
					assert.Empty(t, cells[[2]int{x, y}], "%s stands on another panel", p.Title)
					cells[[2]int{x, y}] = p.Title
				}
			}
			assert.LessOrEqual(t, p.GridPos.X+p.GridPos.W, 24, p.Title)
			if p.Type == "row" {
				continue
			}
			assert.Equal(t, "${datasource}", p.Datasource.UID, p.Title)
			assert.NotEmpty(t, p.Targets, p.Title)
			require.Len(t, p.Links, 1, p.Title)
			links = append(links, p.Links[0].URL)
			assert.Contains(t, p.Description, p.Links[0].URL, p.Title)
		}
		assertOnThePage(t, links...)
	}
}
