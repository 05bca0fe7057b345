// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.uber.org/zap"
)

// Use opens the account of that key until release is called, and keeps it in the storage or in the
// Redis that the limits name. cold reports that what was sent before is not known.
func (r *Registry) Use(ctx context.Context, host component.Host, key Key, limits Limits, logger *zap.Logger) (
	account *Account, cold bool, release func(context.Context) error, err error,
) {
	account, err = r.Open(key, limits)
	if err != nil {
		return nil, false, nil, err
	}
	if limits.Quota.InRedis() {
		if err = account.Borrow(ctx, key, limits, logger); err != nil {
			r.Close(key)
			return nil, false, nil, err
		}
		return account, false, func(ctx context.Context) error {
			defer r.Close(key)
			return account.Unborrow(ctx)
		}, nil
	}
	if limits.Quota.Storage == nil {
		return account, true, func(context.Context) error {
			r.Close(key)
			return nil
		}, nil
	}
	cold, err = account.Persist(ctx, host, *limits.Quota.Storage, key)
	if err != nil {
		r.Close(key)
		return nil, false, nil, err
	}
	return account, cold, func(ctx context.Context) error {
		defer r.Close(key)
		return account.Unpersist(ctx)
	}, nil
}
