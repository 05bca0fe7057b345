// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
)

// ask is one request for calls. It stays as it is when it is repeated.
type ask struct {
	seq     int64
	epoch   string // what is known of the account, "" before the first answer
	gen     int64
	alive   bool // the lease of the ask before has not ended
	over    int  // calls that are over since
	back    int  // calls that do not leave
	want    int
	pause   time.Duration // that Target has asked for
	leaves  bool          // the process ends
	timeout time.Duration // of a call
	sent    time.Duration // since the origin, when it was sent first
	wall    time.Time     // the same by the machine's clock
}

// answer is what Redis grants, and the state of the account.
type answer struct {
	epoch  string
	gen    int64
	known  bool // the lease goes on
	grant  int
	used   int           // by all processes, what they have borrowed among it
	why    string        // less was granted than wanted: quota, pace, or "" for neither
	next   time.Duration // until the pace lets another one leave
	oldest time.Duration // until the oldest call that is counted is forgotten, 0 without any
	pause  time.Duration
	began  string // empty, full or behind, when Redis did not know the account or not all of it
	clock  time.Time
}

// arguments are names and values for the script.
func (l *lender) arguments(a *ask) []any {
	pace := RateLimitConfig{}
	if l.limits.RateLimit != nil {
		pace = *l.limits.RateLimit
	}
	return []any{
		"format", leaseFormat, "id", l.id, "seq", a.seq, "wall", time.Now().UnixMilli(),
		"known", a.epoch, "fresh", l.fresh, "gen", a.gen, "alive", number(a.alive),
		"over", a.over, "back", a.back, "want", a.want, "leaves", number(a.leaves),
		"calls", min(l.limits.Quota.Calls, unlimited), "window", l.limits.Quota.Window.Milliseconds(),
		"rate", strconv.FormatFloat(pace.CallsPerSecond, 'g', -1, 64), "burst", pace.Burst,
		"ttl", l.cfg.Lease.Duration.Milliseconds(), "timeout", milliseconds(a.timeout),
		"pause", milliseconds(a.pause), "hungry", hungryFor.Milliseconds(),
		"cold", number(l.cfg.ColdStart == Allow || l.limits.Quota.Calls == Unlimited),
	}
}

func number(is bool) int {
	if is {
		return 1
	}
	return 0
}

// milliseconds are rounded up.
func milliseconds(d time.Duration) int64 {
	return int64(math.Ceil(float64(d) / float64(time.Millisecond)))
}

// read reads what the script returns.
func (l *lender) read(reply []any) (answer, error) {
	texts := make([]string, len(reply))
	numbers := make([]int64, len(reply))
	for i, part := range reply {
		switch part := part.(type) {
		case string:
			texts[i] = part
		case int64:
			numbers[i] = part
		}
	}
	if len(reply) == 12 && texts[0] == "ok" {
		return answer{
			epoch: texts[1], gen: numbers[2], known: numbers[3] == 1, grant: int(numbers[4]), used: int(numbers[5]),
			why: texts[6], next: time.Duration(numbers[7]) * time.Millisecond,
			oldest: time.Duration(numbers[8]) * time.Millisecond, pause: time.Duration(numbers[9]) * time.Millisecond,
			began: texts[10], clock: time.UnixMilli(numbers[11]),
		}, nil
	}
	return answer{}, l.refusal(texts)
}

// refusal says what the script means that answers with no grant.
func (l *lender) refusal(texts []string) error {
	switch {
	case len(texts) == 6 && texts[0] == "limits":
		return fmt.Errorf("quota::redis: %w", l.otherLimits(texts[1:]))
	case len(texts) == 2 && texts[0] == "late":
		return errors.New("quota::redis: a later ask of this process has been answered before")
	case len(texts) == 2 && texts[0] == "clocks":
		ahead, _ := strconv.ParseInt(texts[1], 10, 64)
		return fmt.Errorf("quota::redis: the clock of %s is ahead of this machine's by %s, and no call is counted by clocks that are "+
			"more than a day apart: set the one right that is wrong", l.cfg.Endpoint, (time.Duration(ahead) * time.Millisecond).Round(time.Second))
	case len(texts) == 1 && texts[0] == "blind":
		return fmt.Errorf("quota::redis: %s is %w: INFO server tells no run_id, so that a restart in which it lost calls would go unnoticed; "+
			"call a server that tells it", l.cfg.Endpoint, errRefused)
	case len(texts) == 2 && texts[0] == "format":
		return fmt.Errorf("quota::redis: the account of %s is %w: it has format %q, this version knows %d; "+
			"let all processes be of one version, or choose another prefix", l.key, errRefused, texts[1], leaseFormat)
	}
	return fmt.Errorf("quota::redis: the account of %s is %w: what the server answers is not of this exporter's script; "+
		"call a Redis server, not one that only speaks its protocol", l.key, errRefused)
}

// otherLimits says how the limits differ from those that other processes use the account with.
func (l *lender) otherLimits(theirs []string) error {
	there := l.limits
	there.Quota.Calls, _ = strconv.Atoi(theirs[0])
	if there.Quota.Calls == unlimited {
		there.Quota.Calls = Unlimited
	}
	window, _ := strconv.ParseInt(theirs[1], 10, 64)
	there.Quota.Window = time.Duration(window) * time.Millisecond
	rate, _ := strconv.ParseFloat(theirs[2], 64)
	burst, _ := strconv.Atoi(theirs[3])
	ttl, _ := strconv.ParseInt(theirs[4], 10, 64)
	there.Quota.Redis.Lease.Duration = time.Duration(ttl) * time.Millisecond
	there.RateLimit = nil
	if rate > 0 {
		there.RateLimit = &RateLimitConfig{CallsPerSecond: rate, Burst: burst}
	}
	return fmt.Errorf("the account is %w: %w", errRefused, otherLimits("another process", l.key, l.limits, there))
}
