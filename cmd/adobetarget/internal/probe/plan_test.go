// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package probe_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/probe"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

func subject(t *testing.T, change func(*asked)) *probe.Subject {
	t.Helper()
	a := newAsked()
	if change != nil {
		change(a)
	}
	s, err := probe.NewSubject("adobe_target", a.config, visitor, a.token)
	require.NoError(t, err)
	return s
}

func TestPlan_HasTheQuestionsOfTheRoutesInUse(t *testing.T) {
	for _, test := range []struct {
		name      string
		change    func(*asked)
		only      []string
		has, lack []string
	}{
		{"single updates", nil, nil, []string{"visitor", "path", "token", "seen"}, []string{"bulk", "delivery"}},
		{"an overflow into bulk", func(a *asked) { a.config.Overflow = route.OverflowToBulk }, nil, []string{"path", "bulk"}, []string{"delivery"}},
		{"an overflow into Delivery", func(a *asked) { a.config.Overflow = route.OverflowToDelivery }, nil, []string{"path", "delivery"}, []string{"bulk"}},
		{"bulk, whose rest goes by single updates", func(a *asked) { a.config.Route = route.ToBulk }, nil, []string{"path", "bulk"}, []string{"delivery"}},
		{"Delivery", func(a *asked) { a.config.Route = route.ToDelivery }, nil, []string{"visitor", "delivery", "seen"}, []string{"path", "bulk", "token"}},
		{"those that are named", nil, []string{"delivery", "values"}, []string{"delivery", "values"}, []string{"path", "seen"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			plan, err := probe.NewPlan(subject(t, test.change), test.only)
			require.NoError(t, err)
			var names []string
			for _, q := range plan {
				names = append(names, q.Name)
			}
			assert.Subset(t, names, test.has)
			for _, name := range test.lack {
				assert.NotContains(t, names, name)
			}
			assert.LessOrEqual(t, plan.Calls(), probe.MaxCalls)
		})
	}
}

func TestPlan_HasRoomForEveryQuestion(t *testing.T) {
	assert.Equal(t, probe.MaxCalls, probe.Plan(probe.Questions()).Calls())
}

func TestPlan_NamesWhatATokenPasses(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*asked)
		want   string
	}{
		"https": {func(a *asked) { a.config.ClientConfig.Endpoint = "https://gateway.example/edge" }, "https://gateway.example/edge\n"},
		"http":  {func(a *asked) { a.config.ClientConfig.Endpoint = "http://gateway.example" }, "http://gateway.example, not encrypted\n"},
		"a proxy, without a user": {func(a *asked) {
			a.config.ClientConfig.Endpoint, a.config.ClientConfig.ProxyURL = "https://acme.example", "http://me@proxy.example:3128"
		}, "https://acme.example, by the proxy proxy.example:3128\n"},
	} {
		t.Run(name, func(t *testing.T) {
			s := subject(t, test.change)
			plan, err := probe.NewPlan(s, nil)
			require.NoError(t, err)
			var out strings.Builder
			plan.Write(&out, s, probe.Options{})
			_, line, found := strings.Cut(out.String(), "endpoint")
			require.True(t, found)
			assert.Equal(t, test.want, strings.TrimLeft(line, " ")[:len(test.want)])
		})
	}
}

func TestPlan_RefusesAQuestionThatIsNone(t *testing.T) {
	_, err := probe.NewPlan(subject(t, nil), []string{"paths"})
	require.ErrorContains(t, err, `"paths" is no question, the questions are visitor, path`)
}

func TestPlan_SaysWhatItDoes(t *testing.T) {
	s := subject(t, func(a *asked) { a.token, a.config.Overflow = token, route.OverflowToDelivery })
	plan, err := probe.NewPlan(s, nil)
	require.NoError(t, err)
	for _, shown := range []bool{false, true} {
		var text strings.Builder
		plan.Write(&text, s, probe.Options{ShowIDs: shown})
		for _, says := range []string{"never for production", "acme.tt.omtrdc.net", "client code  acme", "calls that Adobe bills", "adobetargetProbe", "at most"} {
			assert.Contains(t, text.String(), says)
		}
		assert.Equal(t, shown, strings.Contains(text.String(), visitorID))
		assert.NotContains(t, text.String(), token)
	}
}

func TestParseVisitor(t *testing.T) {
	for _, wrong := range []string{"", "crm-secret-1", "thirdPartyId=crm-secret-1", "mbox3rdPartyId=", "mbox3rdPartyId=a+crm-secret-1", "mboxPC=1.2.crm-secret-1"} {
		_, err := probe.ParseVisitor(wrong)
		require.Error(t, err, wrong)
		assert.NotContains(t, err.Error(), "crm-secret")
	}
	v, err := probe.ParseVisitor("mbox3rdPartyId=a=b")
	require.NoError(t, err)
	assert.Equal(t, "a=b", v.ID)
}
