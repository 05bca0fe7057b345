// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import "go.opentelemetry.io/collector/config/configoptional"

func testConfig(endpoint string) *Config {
	cfg := createDefaultConfig().(*Config)
	cfg.ClientCode = "acme"
	cfg.ClientConfig.Endpoint = endpoint
	_ = configoptional.Some(1)
	return cfg
}
