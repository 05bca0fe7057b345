// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota

import (
	"fmt"
	"maps"
	"time"
)

// machine tells the time as a machine does whose clock is set now and then.
type machine struct {
	named, hasUptime bool // what the system tells of its start
	number, boot     int
	started          time.Time
	set              time.Duration // by how much its clock is wrong
}

func (m *machine) now() instant {
	now := instant{wall: time.Now().Add(m.set)}
	if m.named {
		now.boot = fmt.Sprint("boot ", m.boot)
	}
	if m.hasUptime {
		now.uptime = time.Since(m.started).Truncate(uptimeStep)
	}
	return now
}

// setClock sets the clock of the machine wherever it likes, but not before those
// of other machines that a storage comes from: nothing could tell.
func (p *processes) setClock() {
	p.machine.set = p.upTo(4*p.limits.Quota.Window) - 2*p.limits.Quota.Window
	for _, f := range p.folders {
		if f.writer != nil && f.machine != p.machine.number {
			p.machine.set = min(p.machine.set, f.set)
		}
	}
}

// folder is one of the storages, and what has to be known of it.
type folder struct {
	disk    *disk
	holds   map[*made]bool // the calls that a process has to count that starts with it
	writer  *Registry      // who wrote it last
	writes  int
	machine int
	set     time.Duration // by how much its clock was wrong then
}

func (f *folder) copied() *folder {
	c := *f
	c.disk, c.holds, c.writes = f.disk.copied(), maps.Clone(f.holds), 0
	return &c
}

// look notes whether the storage was written.
func (p *processes) look() {
	if p.at != nil && p.at.disk.writes > p.at.writes {
		p.at.writes, p.at.writer = p.at.disk.writes, p.registry
		p.at.machine, p.at.set = p.machine.number, p.machine.set
	}
}

// startAnew starts the process after it was stopped or has crashed, on the same
// machine, on one that was started anew, or on another one.
func (p *processes) startAnew() {
	if p.random.IntN(2) == 0 {
		p.stop()
	} else {
		p.crash()
	}
	time.Sleep(p.upTo(p.limits.Quota.Window / 4))
	switch p.random.IntN(4) {
	case 0:
		p.machine.boot++
		p.machine.started = time.Now()
		time.Sleep(p.upTo(time.Minute))
		p.setClock()
	case 1:
		p.machine.number++
		p.machine.boot++
		p.machine.started = time.Now().Add(-p.upTo(10 * p.limits.Quota.Window))
		p.setClock()
	case 2:
		p.setClock()
	}
	p.registry, p.counts = &Registry{}, make(map[*made]bool)
	p.choose()
	p.open()
}

// choose takes the same storage as before, another one, a copy of one, or none.
func (p *processes) choose() {
	switch i := p.random.IntN(len(p.folders)); p.random.IntN(8) {
	case 0:
		p.at = nil
	case 1, 2:
		p.at = p.folders[i]
	case 3:
		p.folders[i] = p.folders[p.random.IntN(len(p.folders))].copied()
		p.at = p.folders[i]
	}
}
