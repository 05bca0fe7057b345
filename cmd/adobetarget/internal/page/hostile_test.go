// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package page_test // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/page"

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
)

// hostile are texts that another page would act on.
var hostile = []string{
	`<img src=x onerror="window.hostile=1">`,
	`"><script>window.hostile=1</script>`,
	`'; touch hostile; echo '`,
	"$(window.hostile) `x` \\ !! %00 &amp;",
	"tab\tnew\nline \x1b[201~\u202Eevil",
}

func TestHostileTexts_AreShownAsText(t *testing.T) {
	_, address := serve(t, emulator.Settings{})
	p := open(t, address)
	images := eval[int](p, `document.images.length`)
	for i, text := range hostile[:4] {
		id := fmt.Sprint(i, " ", strings.ReplaceAll(text, "/", "|")) // as an id has no slash
		response := update(t, address, id, "value", text)
		require.Equal(t, http.StatusOK, response.StatusCode)
		p.waitText("#calls td", id)
		p.waitText("#visitors td", id)
		eval[any](p, `(document.querySelector('#calls tbody .id').click(), null)`)
		p.waitText("#visitor-title", id)
		p.waitText("#attributes td", text)
		eval[any](p, `(document.querySelector('#calls tbody .time button').click(), null)`)
		p.waitText("#call-shown td", text)
		p.click("#call [data-close]")
	}
	send(t, http.MethodGet, address+"/"+url.PathEscape(hostile[0]), "", "")
	p.waitText("#calls td", "%3Cimg")

	eval[any](p, `(location.hash = '#try', null)`)
	p.waitText("#made", "/m2/demo/profile/update")
	p.fill("#config", "visitor: [{parameter: mbox3rdPartyId, attribute: '<img src=x onerror=\"window.hostile=1\">'}]")
	p.fill("#records", `{"<img src=x onerror=\"window.hostile=1\">":"<img src=x onerror=\"window.hostile=1\">","profile.a":"<b>"}`)
	p.waitText("#made td", `<img src=x onerror="window.hostile=1">`)
	p.waitText("#made td", "<b>")
	p.fill("#config", "visitor: [{parameter: mbox3rdPartyId, value: '<img src=x onerror=\"window.hostile=1\">'}]")
	p.waitText("#try-error", "exporters::adobe_target::visitor::0")

	assert.Equal(t, images, eval[int](p, `document.images.length`))
	assert.True(t, eval[bool](p, `window.hostile === undefined`))
}

func TestTheCurlCommand_IsTheCallForAnyText(t *testing.T) {
	shell, err := exec.LookPath("bash")
	require.NoError(t, err, "the command is for a shell")
	_, address := serve(t, emulator.Settings{})
	p := open(t, address)
	folder := t.TempDir() // where a text that runs would leave something
	for i, text := range hostile {
		query := "a=" + strings.NewReplacer(" ", "%20", "\t", "%09", "\n", "%0A", "\x1b", "%1B").Replace(text)
		target := address + "/m2/acme/profile/update?" + strings.NewReplacer("\"", "%22", "<", "%3C", ">", "%3E", "`", "%60").Replace(query)
		send(t, http.MethodPut, target, "text/plain; x="+strconv.Itoa(i), text)
		p.wait(fmt.Sprintf(`document.querySelectorAll('#calls tbody tr').length === %d`, 2*i+1))
		body := "mbox3rdPartyId=1&profile.a=" + text
		send(t, http.MethodPost, address+"/m2/acme/profile/update", formType, body)
		p.wait(fmt.Sprintf(`document.querySelectorAll('#calls tbody tr').length === %d`, 2*i+2))

		given := func() []string {
			p.wait(`document.querySelector('#call').open`)
			command := eval[string](p, `document.querySelector('#curl').textContent`)
			p.click("#call [data-close]")
			assert.NotContains(t, command, "\n", "the command is one line, whatever is pasted")
			assert.NotContains(t, command, "\x1b")
			run := exec.CommandContext(t.Context(), shell, "-c", `curl() { printf '%s\0' "$@"; }; `+command) //nolint:gosec // G204: that is the test
			run.Dir = folder
			out, err := run.Output()
			require.NoError(t, err)
			return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
		}
		eval[any](p, `(document.querySelector('#calls tbody .time button').click(), null)`)
		assert.Equal(t, []string{"-H", "Content-Type: " + formType, "--data-raw", body, address + "/m2/acme/profile/update"}, given())
		eval[any](p, `(document.querySelector('#calls tbody tr:nth-child(2) .time button').click(), null)`)
		got := given()
		assert.Equal(t, []string{"-X", "PUT"}, got[:2])
		assert.Equal(t, target, got[len(got)-1])
	}
	left, unread := os.ReadDir(folder)
	require.NoError(t, unread)
	assert.Empty(t, left)
}

func TestTheCurlCommand_QuotesWhatAShellLooksUp(t *testing.T) {
	_, address := serve(t, emulator.Settings{})
	p := open(t, address)
	send(t, http.MethodPost, address+"/m2/acme/profile/update", formType, "=ls")
	p.waitText("#calls td", "malformed")
	p.click("#calls tbody button")
	p.waitText("#curl", "--data-raw '=ls' ")
}

func TestTheCurlCommand_HasAPlaceholderForTheToken(t *testing.T) {
	_, address := serve(t, emulator.Settings{Token: "s3cret-token"})
	p := open(t, address)
	p.waitText("#first-call", "-H 'Authorization: Bearer …'")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+"/m2/acme/profile/update", strings.NewReader("mboxPC=1&profile.a=b"))
	require.NoError(t, err)
	r.Header.Set("Content-Type", formType)
	r.Header.Set("Authorization", "Bearer s3cret-token")
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	p.waitText("#calls td", "200 accepted")
	p.click("#calls tbody button")
	p.waitText("#curl", "-H 'Authorization: Bearer …'")
	assert.NotContains(t, eval[string](p, `document.documentElement.outerHTML`), "s3cret-token")
}
