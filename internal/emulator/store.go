// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"cmp"
	"hash/maphash"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Profile is what the emulator holds of one visitor of one client code.
type Profile struct {
	Client     string               `json:"client"`
	Parameter  string               `json:"parameter"`
	ID         string               `json:"id"`
	ModifiedAt time.Time            `json:"modified_at"`
	Attributes map[string]Attribute `json:"attributes"`
}

// Attribute is the newest value of a profile parameter, under its name without "profile.".
type Attribute struct {
	Value      string    `json:"value"`
	ModifiedAt time.Time `json:"modified_at"`
}

type storeKey struct {
	client  string
	visitor Visitor
}

// record is a profile and what is kept to check the order of its updates.
type record struct {
	modifiedAt time.Time
	attributes map[string]Attribute
	order      order
	// batch are the attributes that the last batch of v2 set, see [OverrideLostProperties].
	batch []string
}

const shardCount = 64

// store holds the profiles in shards, so that updates of different visitors seldom wait for each other.
type store struct {
	seed       maphash.Seed
	shards     [shardCount]shard
	history    bool
	sequences  map[string]struct{}
	visitors   atomic.Int64
	parameters atomic.Int64
	// clients are the client codes that have profiles.
	clients sync.Map
}

type shard struct {
	mu      sync.Mutex
	records map[storeKey]*record
}

func newStore(history bool, sequences []string) *store {
	s := &store{seed: maphash.MakeSeed(), history: history, sequences: make(map[string]struct{}, len(sequences))}
	for _, name := range sequences {
		s.sequences[name] = struct{}{}
	}
	for i := range s.shards {
		s.shards[i].records = map[storeKey]*record{}
	}
	return s
}

func (s *store) shardOf(key storeKey) *shard {
	return &s.shards[maphash.Comparable(s.seed, key)%shardCount]
}

// apply writes parameters of a visitor and returns what their order gave away.
func (s *store) apply(key storeKey, parameters []pair, at time.Time) sequenceCounts {
	sh := s.shardOf(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	held := s.hold(sh, key, len(parameters))
	before := len(held.attributes)
	held.modifiedAt = at
	var seen sequenceCounts
	for _, p := range parameters {
		held.attributes[p.name] = Attribute{Value: p.value, ModifiedAt: at}
		if s.history {
			held.order.remember(p)
		}
		if _, isSequence := s.sequences[p.name]; isSequence {
			held.order.check(p, &seen)
		}
	}
	s.parameters.Add(int64(len(held.attributes) - before))
	return seen
}

// hold returns the record of a visitor, or a new one for some parameters. The shard is locked.
func (s *store) hold(sh *shard, key storeKey, parameters int) *record {
	held := sh.records[key]
	if held == nil {
		held = &record{attributes: make(map[string]Attribute, parameters)}
		sh.records[key] = held
		s.visitors.Add(1)
		s.clients.LoadOrStore(key.client, nil)
	}
	return held
}

func (s *store) has(key storeKey) bool {
	sh := s.shardOf(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.records[key] != nil
}

// profile returns a copy.
func (s *store) profile(key storeKey) (Profile, bool) {
	sh := s.shardOf(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	held := sh.records[key]
	if held == nil {
		return Profile{}, false
	}
	return held.profile(key), true
}

func (r *record) profile(key storeKey) Profile {
	return Profile{
		Client:     key.client,
		Parameter:  key.visitor.Parameter,
		ID:         key.visitor.ID,
		ModifiedAt: r.modifiedAt,
		Attributes: maps.Clone(r.attributes),
	}
}

// keys returns those of all profiles, by client code, parameter and id.
func (s *store) keys() []storeKey {
	keys := make([]storeKey, 0, s.visitors.Load())
	for i := range s.shards {
		sh := &s.shards[i]
		sh.mu.Lock()
		keys = slices.AppendSeq(keys, maps.Keys(sh.records))
		sh.mu.Unlock()
	}
	slices.SortFunc(keys, func(a, b storeKey) int {
		return cmp.Or(
			cmp.Compare(a.client, b.client),
			cmp.Compare(a.visitor.Parameter, b.visitor.Parameter),
			cmp.Compare(a.visitor.ID, b.visitor.ID),
		)
	})
	return keys
}

// keysOf returns those that visitors have in all client codes, whether or not there is a profile.
func (s *store) keysOf(visitors ...Visitor) []storeKey {
	var clients []string
	s.clients.Range(func(client, _ any) bool {
		clients = append(clients, client.(string))
		return true
	})
	slices.Sort(clients)
	var keys []storeKey
	for _, client := range clients {
		for _, v := range visitors {
			keys = append(keys, storeKey{client: client, visitor: v})
		}
	}
	return keys
}

func (s *store) profiles(keys []storeKey) []Profile {
	profiles := make([]Profile, 0, len(keys))
	for _, key := range keys {
		if p, ok := s.profile(key); ok {
			profiles = append(profiles, p)
		}
	}
	return profiles
}

// Profiles returns all profiles by client code, parameter and id.
func (e *Emulator) Profiles() []Profile {
	s := e.current().store
	return s.profiles(s.keys())
}

// Profile returns the profile of a visitor named by [MboxPC] or [Mbox3rdPartyID]. Where several client codes have the
// visitor it is the first of them in the order of [Emulator.Profiles].
func (e *Emulator) Profile(parameter, id string) (Profile, bool) {
	s := e.current().store
	found := s.profiles(s.keysOf(Visitor{Parameter: parameter, ID: id}))
	if len(found) == 0 {
		return Profile{}, false
	}
	return found[0], true
}
