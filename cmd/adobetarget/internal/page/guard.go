// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package page // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/page"

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

const controlPrefix = "/_emulator/"

// Guard keeps other sites, which a browser may have open, from the page and from the control. What changes something is
// refused where the browser says that another site asks for it; a caller that is no browser says nothing. A server that is
// reached by loopback alone is asked for by an address or as localhost: any other name was made to lead there. The API
// itself is left alone.
func Guard(next http.Handler, loopback bool) http.Handler {
	sites := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		guarded := isOwn(r) || strings.HasPrefix(r.URL.Path, controlPrefix)
		switch {
		case !guarded:
		case loopback && !isLocal(r.Host):
			http.Error(w, "ask for the emulator by its address or as localhost", http.StatusMisdirectedRequest)
			return
		case sites.Check(r) != nil:
			http.Error(w, "another site may not steer the emulator", http.StatusForbidden)
			return
		case isForeignRead(r):
			http.Error(w, "another site may link to the emulator, and not read it", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isForeignRead reports whether a page of another site asks by itself. It could not see the answer, but have all readers of
// the events taken, or many visitors searched.
func isForeignRead(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return (site == "cross-site" || site == "same-site") && r.Header.Get("Sec-Fetch-Dest") != "document"
}

// isLocal reports whether a Host is an address, a name that every browser resolves to this machine, or one by which
// containers know it and that nobody can register.
func isLocal(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	_, err := netip.ParseAddr(host)
	return err == nil || host == "localhost" || strings.HasSuffix(host, ".localhost") ||
		host == "host.docker.internal" || host == "host.containers.internal"
}
