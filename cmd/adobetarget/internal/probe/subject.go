// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package probe // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/probe"

import (
	"cmp"
	"errors"
	"net/url"
	"strings"
	"time"

	"go.opentelemetry.io/collector/config/configauth"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"

	adobetargetexporter "github.com/otelcol-adobetarget/adobetargetexporter"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

const defaultTimeout = 10 * time.Second

// Subject is what is asked: an account of Target as a configuration has it, and one visitor.
type Subject struct {
	// Exporter is the key of the configuration, such as adobe_target/sandbox.
	Exporter string
	Visitor  profile.Visitor

	config      *adobetargetexporter.Config
	client      confighttp.ClientConfig
	endpoint    string
	host        string
	credentials string // of the header Authorization, "" for none
	sendsToken  bool   // that the configuration sends some
	bulk        route.BulkConfig
	delivery    route.DeliveryConfig
}

// NewSubject returns what a valid configuration calls. The extensions that it names are not there:
// the token of its auth is given instead, and middlewares have to be taken out.
func NewSubject(exporter string, cfg *adobetargetexporter.Config, visitor profile.Visitor, token string) (*Subject, error) {
	s := &Subject{Exporter: exporter, Visitor: visitor, config: cfg, client: cfg.ClientConfig}
	s.endpoint = cmp.Or(cfg.ClientConfig.Endpoint, "https://"+cfg.ClientCode+".tt.omtrdc.net")
	u, err := url.Parse(s.endpoint)
	switch {
	case err != nil || u.Host == "":
		return nil, errors.New("endpoint: must be a URL such as https://acme.tt.omtrdc.net")
	case len(cfg.ClientConfig.Middlewares) > 0:
		return nil, errors.New("middlewares: they are extensions, which cannot be started here; probe with a configuration without them")
	case cfg.ClientConfig.Auth.HasValue() && token == "":
		return nil, errors.New("auth: its extension cannot be started here; give the token by --token-file or ADOBE_TARGET_TOKEN")
	}
	s.host = u.Host
	s.bulk, s.delivery = route.NewDefaultBulkConfig(), route.NewDefaultDeliveryConfig()
	if set := cfg.Bulk.Get(); set != nil {
		s.bulk = *set
	}
	if set := cfg.Delivery.Get(); set != nil {
		s.delivery = *set
	}
	s.client.Timeout = cmp.Or(s.client.Timeout, defaultTimeout)
	s.client.Auth = configoptional.None[configauth.Config]()
	s.client.Headers = nil
	for name, value := range cfg.ClientConfig.Headers.Iter {
		if strings.EqualFold(name, "Authorization") {
			s.credentials = string(value)
			continue
		}
		s.client.Headers = append(s.client.Headers, configopaque.Pair{Name: name, Value: value})
	}
	s.sendsToken = s.credentials != "" || cfg.ClientConfig.Auth.HasValue()
	if token != "" {
		s.credentials = "Bearer " + token
	}
	return s, nil
}

// uses reports whether updates may go by that route.
func (s *Subject) uses(n route.Name) bool {
	return s.config.Route == n || route.Name(s.config.Overflow) == n
}

// secrets are the texts that no report may hold unless ids are asked for.
func (s *Subject) secrets() []string {
	_, token, _ := strings.Cut(s.credentials, " ")
	return []string{token, s.credentials}
}
