// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter // import "github.com/otelcol-adobetarget/adobetargetexporter"

import (
	"errors"
	"fmt"
	"net/textproto"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configtls"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

var _ component.Config = (*Config)(nil)

// clientCodePattern is Adobe's rule for client codes, within the length of a host
// name's label.
var clientCodePattern = regexp.MustCompile(`^[a-z0-9]{1,63}$`)

// Validate returns an error for what cannot work, each with its place in the YAML. The parts
// validate themselves.
func (cfg *Config) Validate() error {
	if cfg.misread != nil {
		return cfg.misread
	}
	return errors.Join(
		cfg.validateClientCode(),
		cfg.validateEndpoint(),
		cfg.validateClient(),
		cfg.validateRoute(),
		cfg.validateMapping(),
		atLeast("concurrency", cfg.Concurrency, 1),
		atMost("concurrency", cfg.Concurrency, maxConcurrency),
		cfg.validateQueue(),
		cfg.validateRetry(),
		cfg.validateDurations(),
	)
}

func (cfg *Config) validateClientCode() error {
	switch {
	case cfg.ClientCode == "":
		return errors.New("client_code: required, the client code of the Target account (Administration > Implementation)")
	case !clientCodePattern.MatchString(cfg.ClientCode):
		return fmt.Errorf("client_code: only lower case letters and digits are allowed, at most 63, got %q", cfg.ClientCode)
	}
	return nil
}

func (cfg *Config) validateEndpoint() error {
	if cfg.ClientConfig.Endpoint == "" {
		return nil
	}
	u, err := url.Parse(cfg.ClientConfig.Endpoint)
	switch {
	case err != nil:
		return errors.New("endpoint: must be a URL such as https://acme.tt.omtrdc.net")
	case u.User != nil:
		return errors.New("endpoint: must not carry a user or password, use auth or headers")
	case u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return fmt.Errorf("endpoint: must be a URL with http or https such as https://acme.tt.omtrdc.net, got %q", u.Redacted())
	case !validPort(u.Port()):
		return fmt.Errorf("endpoint: the port must be at most 65535, got %s", u.Port())
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(cfg.ClientConfig.Endpoint, "#"):
		return fmt.Errorf("endpoint: must not carry a query or a fragment, got one on the host %q", u.Host)
	}
	if fault := cfg.pathFault(u); fault != "" {
		return fmt.Errorf("endpoint: takes scheme and host, such as https://acme.tt.omtrdc.net; the path %q %s", u.Path, fault)
	}
	return nil
}

// pathFault says what is wrong with the path of an endpoint, "" when nothing is. Behind a gateway's host
// may stand a path, behind Target's own hosts none, and the path of a call behind neither.
func (cfg *Config) pathFault(endpoint *url.URL) string {
	path := strings.TrimRight(endpoint.Path, "/")
	by, ofCall := route.NameOf(path)
	switch {
	case ofCall && by == route.ToSingle && cfg.Route != route.ToDelivery:
		return fmt.Sprintf("belongs in api::path, which is %q when it is not set", route.NewDefaultConfig().Path)
	case ofCall && by != route.ToSingle:
		return fmt.Sprintf("is not part of it, the exporter adds it with route %s: remove it", by)
	case ofCall, path != "" && strings.HasSuffix(strings.ToLower(endpoint.Hostname()), ".tt.omtrdc.net"):
		return fmt.Sprintf("is not part of it, route %s adds its own: remove it", cfg.Route)
	}
	return ""
}

func validPort(port string) bool {
	if port == "" {
		return true
	}
	_, err := strconv.ParseUint(port, 10, 16)
	return err == nil
}

// forbiddenHeaders would change what a call is, or whether it is made once.
var forbiddenHeaders = map[string]string{
	"Accept-Encoding":   "its answers could not be read",
	"Content-Encoding":  "Target would not read the form",
	"Content-Length":    "Target would not read the form",
	"Content-Type":      "Target would not read the form",
	"Host":              "calls could reach another account than the one that counts them",
	"Transfer-Encoding": "Target would not read the form",
	"Idempotency-Key":   "the HTTP client would repeat calls that the quota does not see",
	"X-Idempotency-Key": "the HTTP client would repeat calls that the quota does not see",
}

// validateClient refuses what confighttp would take and the API would not.
func (cfg *Config) validateClient() error {
	var errs []error
	if cfg.ClientConfig.Compression.IsCompressed() {
		errs = append(errs, fmt.Errorf("compression: Target reads no compressed calls, remove it or set none, got %q", string(cfg.ClientConfig.Compression)))
	}
	if cfg.ClientConfig.Cookies.HasValue() {
		errs = append(errs, errors.New("cookies: not allowed, one visitor's cookies would go along with the calls of another"))
	}
	for header := range cfg.ClientConfig.Headers.Iter {
		name := textproto.CanonicalMIMEHeaderKey(header)
		if why, forbidden := forbiddenHeaders[name]; forbidden {
			errs = append(errs, fmt.Errorf("headers: %s is not allowed, with it %s", name, why))
		}
	}
	errs = append(errs, validateProxy(cfg.ClientConfig.ProxyURL), cfg.validateTLS())
	if conns := cfg.ClientConfig.MaxConnsPerHost; conns != 0 && conns < cfg.Concurrency {
		errs = append(errs, fmt.Errorf("max_conns_per_host: must be 0 or at least the concurrency of %d, got %d: "+
			"calls that wait for a connection would run into their timeout", cfg.Concurrency, conns))
	}
	return errors.Join(errs...)
}

// validateTLS refuses insecure beside what it makes of no effect: without a CA of its own the Collector then leaves out
// the whole section, a client certificate and the lowest version too, and an https endpoint is called all the same. With
// an http endpoint none of it is meant to have an effect.
func (cfg *Config) validateTLS() error {
	t := cfg.ClientConfig.TLS
	if !t.Insecure || t.CAFile != "" || t.CAPem != "" || strings.HasPrefix(cfg.ClientConfig.Endpoint, "http://") {
		return nil
	}
	if len(t.CipherSuites)+len(t.CurvePreferences) == 0 { // empty lists are none
		t.CipherSuites, t.CurvePreferences = nil, nil
	}
	if t.Insecure = false; !reflect.DeepEqual(t, configtls.NewDefaultClientConfig()) && !reflect.DeepEqual(t, configtls.ClientConfig{}) {
		return errors.New("tls: insecure: not allowed beside other settings of tls, which would have no effect: " +
			"the scheme of the endpoint decides whether calls are encrypted")
	}
	return nil
}

// validateProxy refuses what net/http would take for another proxy: any scheme that it does not
// know for http, and a missing host for this machine.
func validateProxy(proxy string) error {
	if proxy == "" {
		return nil
	}
	u, err := url.ParseRequestURI(proxy)
	if err != nil || u.Hostname() == "" || !validPort(u.Port()) || !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme) {
		return errors.New("proxy_url: must be a URL with http, https, socks5 or socks5h and a host, such as http://proxy.example:3128")
	}
	if _, set := u.User.Password(); set {
		return errors.New("proxy_url: must not carry a password, which the Collector would print with the configuration: " +
			"leave proxy_url out and set HTTPS_PROXY in the environment")
	}
	return nil
}

func (cfg *Config) validateMapping() error {
	var errs []error
	if len(cfg.Visitor) == 0 {
		errs = append(errs, errors.New("visitor: needs at least one entry, or leave it out for the default"))
	}
	if len(cfg.Profile) == 0 {
		errs = append(errs, errors.New("profile: needs at least one entry, or leave it out for the default"))
	}
	return errors.Join(append(errs,
		atLeast("max_value_length", cfg.MaxValueLength, 0),
		atLeast("max_third_party_id_length", cfg.MaxThirdPartyIDLength, 1),
		atMost("max_third_party_id_length", cfg.MaxThirdPartyIDLength, profile.MaxThirdPartyIDLength),
	)...)
}

// validateQueue refuses several consumers: they would only let requests overtake each other.
func (cfg *Config) validateQueue() error {
	if queue := cfg.QueueConfig.Get(); queue != nil && queue.NumConsumers > 1 {
		return fmt.Errorf("sending_queue::num_consumers: must be 1, got %d: calls run in parallel by concurrency, and several consumers "+
			"would let an older value follow a newer one", queue.NumConsumers)
	}
	return nil
}

// validateRetry refuses pauses so short, or that become so short, that an outage would burn the
// quota. They are those between the calls of an outage, without retries too.
func (cfg *Config) validateRetry() error {
	retry := cfg.RetryConfig
	var errs []error
	if retry.InitialInterval < minRetryInterval {
		errs = append(errs, fmt.Errorf("retry_on_failure::initial_interval: must be at least %s, got %s", minRetryInterval, retry.InitialInterval))
	}
	if retry.MaxInterval < minRetryInterval {
		errs = append(errs, fmt.Errorf("retry_on_failure::max_interval: must be at least %s, got %s", minRetryInterval, retry.MaxInterval))
	}
	if !(retry.Multiplier >= 1) { // nor is NaN
		errs = append(errs, fmt.Errorf("retry_on_failure::multiplier: must be at least 1, got %v", retry.Multiplier))
	}
	return errors.Join(errs...)
}

func (cfg *Config) validateDurations() error {
	var errs []error
	if cfg.ClientConfig.Timeout < time.Millisecond {
		errs = append(errs, fmt.Errorf("timeout: must be at least 1ms, or a call that hangs never ends, got %s", cfg.ClientConfig.Timeout))
	}
	if cfg.MaxRetryAfter < minMaxRetryAfter || cfg.MaxRetryAfter > maxMaxRetryAfter {
		errs = append(errs, fmt.Errorf("max_retry_after: must be from %s to %s, got %s", minMaxRetryAfter, maxMaxRetryAfter, cfg.MaxRetryAfter))
	}
	if cfg.DrainTimeout < 0 {
		errs = append(errs, fmt.Errorf("drain_timeout: must be at least 0s, got %s", cfg.DrainTimeout))
	}
	return errors.Join(errs...)
}

func atLeast(key string, got, allowed int) error {
	if got < allowed {
		return fmt.Errorf("%s: must be at least %d, got %d", key, allowed, got)
	}
	return nil
}

func atMost(key string, got, allowed int) error {
	if got > allowed {
		return fmt.Errorf("%s: must be at most %d, got %d", key, allowed, got)
	}
	return nil
}
