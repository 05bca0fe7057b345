-- Copyright The adobetargetexporter Authors
-- SPDX-License-Identifier: Apache-2.0

-- One ask of a process for calls of the account that it shares with others. It runs as a whole or
-- not at all, and an ask that is repeated, because its answer was lost, is answered as before.
--
-- Every call that a process has borrowed stands in the calls of one part of the window:
--
--   granted ──────────► the part after the lease's end ──► over: the part of now ──► forgotten
--             (renewed by each ask)        │                         after a window
--                                          └─ its process was killed: there it stays
--
-- So nobody has to clean up after a process that is gone, and what it had borrowed is counted until
-- its last call is over for certain, and for a window after that.
--
-- Times are milliseconds. A call is counted from the later of two clocks, that of this server and
-- that of the process, and forgotten by the earlier one: one that is set wrong frees no call early.

local account, calls, seen, hungry, lease = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]

local text, ask = {}, {}
for i = 1, #ARGV, 2 do text[ARGV[i]], ask[ARGV[i]] = ARGV[i + 1], tonumber(ARGV[i + 1]) end

local time = redis.call('TIME')
local clock = time[1] * 1000 + math.floor(time[2] / 1000)
-- Both are rounded down, and late must not be.
local late, early = math.max(clock, ask.wall) + 1, math.min(clock, ask.wall)

local function whole(x) return string.format('%.0f', x) end

local function hash(key)
  local fields, flat = {}, redis.call('HGETALL', key)
  for i = 1, #flat, 2 do fields[flat[i]] = flat[i + 1] end
  return fields
end

-- All is read before anything is written, so that a key of another kind leaves nothing half done.
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
local stored, held = hash(account), hash(lease)
local orphans = redis.call('HLEN', calls) > 0 -- calls whose account is gone
redis.call('ZCARD', hungry)
if not run then return {'blind'} end
if math.abs(clock - ask.wall) > 86400000 then return {'clocks', whole(clock - ask.wall)} end
if next(stored) and stored.format ~= whole(ask.format) then return {'format', stored.format or 'none'} end

-- A process asks one thing after the other, so this ask comes late, and nobody waits for its answer.
if held.seq and tonumber(held.seq) > ask.seq then return {'late', held.seq} end

-- Who else has asked within that time.
local function others(within)
  local n = redis.call('ZCOUNT', seen, whole(clock - within), '+inf')
  if redis.call('ZSCORE', seen, text.id) then n = n - 1 end
  return n
end

redis.call('ZREMRANGEBYSCORE', seen, '-inf', whole(clock - 3600000))
redis.call('ZREMRANGEBYSCORE', seen, whole(clock + 60000), '+inf')

-- The limits may change once nobody uses the account with the former ones, whose leases may be longer.
local same = stored.calls == text.calls and stored.window == text.window
  and stored.rate == text.rate and stored.burst == text.burst and stored.ttl == text.ttl
if stored.format and not same and others(math.max(2 * ask.ttl, tonumber(stored.reach))) > 0 then
  return {'limits', stored.calls, stored.window, stored.rate, stored.burst, stored.ttl}
end

-- A pace lets through what comes together within a tenth of a second, so that nobody has to ask more often.
local most = math.max(ask.burst, math.ceil(ask.rate / 10))
local a = {
  epoch = stored.epoch, lost = stored.lost or '', run = stored.run or '',
  gen = tonumber(stored.gen or '0'),       -- leases of another one are void
  used = tonumber(stored.used or '0'),     -- all that is in calls
  floor = tonumber(stored.floor or '0'),   -- no part before has calls
  newest = tonumber(stored.newest or '0'), -- no part after
  tokens = tonumber(stored.tokens or most), filled = tonumber(stored.filled or whole(clock)),
  pause = tonumber(stored.pause or '0'), last = tonumber(stored.last or whole(early)),
  reach = math.max(tonumber(stored.reach or '0'), ask.ttl + ask.timeout), -- of the longest lease
}
-- A part is never longer than its share of the window, so that the parts together are never shorter.
local function widthOf(window) return math.ceil(window / 1440) end
local width = widthOf(ask.window)

local function put(at, n)
  local part = math.ceil(at / width)
  if n > 0 then
    redis.call('HINCRBY', calls, whole(part), whole(n))
    if a.used == 0 or part < a.floor then a.floor = part end
    a.newest = math.max(a.newest, part)
    a.used = a.used + n
  end
  return part
end

-- following returns the first part that is kept from there on.
local function following(part)
  local found = math.huge
  for name in pairs(hash(calls)) do
    local at = tonumber(name)
    if at >= part then found = math.min(found, at) end
  end
  return found
end

-- drop removes those calls of the parts from..to, and returns how many there were. It ends before the first
-- part that has some when stop is set.
local function drop(from, to, stop)
  local n, step, first = 0, 8, from
  while first <= to do
    local names = {}
    for part = first, math.min(to, first + step - 1) do names[#names + 1] = whole(part) end
    local counts, gone, found = redis.call('HMGET', calls, unpack(names)), {}, nil
    for i, count in ipairs(counts) do
      if count and stop and tonumber(count) > 0 then
        found = first + i - 1
        break
      end
      if count then
        n = n + tonumber(count)
        gone[#gone + 1] = names[i]
      end
    end
    if #gone > 0 then redis.call('HDEL', calls, unpack(gone)) end
    if found then return n, found end
    first = first + #names
    if #gone == 0 and step == 512 then first = following(first) end -- the calls of a clock that was far off
    step = math.min(2 * step, 512)
  end
  return n, to + 1
end

-- forget drops what no window reaches any more, and finds the first part that has calls.
local function forget()
  local gone = math.min(math.floor((early - ask.window) / width), a.newest)
  if a.used > 0 then
    if gone >= a.floor then a.used = a.used - drop(a.floor, gone, false) end
    local _, first = drop(math.max(a.floor, gone + 1), a.newest, true)
    a.floor = first
  end
end

-- rebuild turns the parts of another window into those of this one: each call is counted from the end of its part.
local function rebuild(former)
  local ends = {}
  for part, n in pairs(hash(calls)) do ends[part * former] = n + 0 end
  redis.call('DEL', calls)
  a.used, a.floor, a.newest = 0, 0, 0
  for at, n in pairs(ends) do put(at, n) end
  a.gen = a.gen + 1
end

-- lost counts what this server no longer knows of: leases are void and counted as if granted now, and so
-- are all calls that the pace would have let it grant since what it knows last, or all the room there is.
local function lost(everything)
  local from = math.ceil(a.last / width) -- a lease may end in the part of then
  local to = math.min(a.newest, math.ceil((late + a.reach) / width) - 1) -- those after it are counted for longer as it is
  -- What is counted by the later clock: others may have dropped, and granted anew, what this process still counts.
  local borrowed, counted = 0, 0
  for name, n in pairs(hash(calls)) do
    local part = tonumber(name)
    if part >= from and part <= to then
      redis.call('HDEL', calls, name)
      borrowed = borrowed + n
    elseif part * width + ask.window > late then
      counted = counted + n
    end
  end
  a.used = a.used - borrowed
  local room = math.max(0, ask.calls - counted - borrowed)
  if ask.calls >= 1e15 then room = 0 end -- there is no quota
  if not everything and ask.rate > 0 then
    room = math.min(room, math.ceil(a.tokens + most + ask.rate * math.max(0, late - a.last) / 1000)) -- most: a clock that is set fills it once more
  end
  put(late + a.reach, borrowed + room)
  a.gen = math.max(a.gen, ask.gen) + 1
  a.tokens = 0
  redis.call('DEL', hungry)
end

local began = ''
if not stored.format then
  redis.call('DEL', calls, hungry, lease) -- of an account that is gone
  a.epoch, began = text.fresh, 'empty'
  if ask.cold ~= 1 or text.known ~= '' or orphans then
    lost(true)
    began = 'full'
  end
  a.lost = text.known
else
  if stored.window ~= whole(ask.window) then rebuild(widthOf(tonumber(stored.window))) end
  forget()
end
if a.used > 0 and a.floor > a.newest then -- the calls are gone, and the account is not
  a.used = 0
  lost(true)
  began = 'full'
end

-- An ask that was heard before is answered as then, and another one goes on from the one before it.
local again = held.seq == text.seq
local known = held.gen == whole(a.gen) and (again or held.seq == whole(ask.seq - 1) and ask.gen == a.gen)
  and (held.held == '0' or a.used > 0 and tonumber(held.part) >= a.floor)
if began == '' then
  if text.known ~= '' and text.known ~= a.epoch then
    if a.lost ~= text.known or ask.ttl + ask.timeout > tonumber(stored.reach) then
      lost(true)
      a.lost, began, known = text.known, 'full', false
    end
    known = known and again
  elseif run ~= a.run or ask.gen > a.gen or (ask.alive == 1 and not known
    and (ask.gen == a.gen or ask.ttl + ask.timeout > tonumber(stored.reach))) then
    lost(not same)
    known, began = false, 'behind'
  end
end

a.tokens = math.min(most, a.tokens + ask.rate * math.max(0, clock - a.filled) / 1000)
if clock < a.filled then a.pause = a.pause - (a.filled - clock) end -- it was set back
if ask.pause > 0 then a.pause = math.max(a.pause, clock + ask.pause) end
local pause = math.max(0, a.pause - clock)

-- What is over, given back and left of the lease.
local rest, grant, goesOn = 0, 0, known
again = again and known
if again then
  rest, grant, goesOn = tonumber(held.held) - tonumber(held.grant), tonumber(held.grant), held.known == '1'
elseif known then
  local n = tonumber(held.held)
  local over = math.min(ask.over, n)
  local back = math.min(ask.back, n - over)
  rest = n - over - back
  a.tokens = math.min(most, a.tokens + back)
  put(late, over)
end
if known and tonumber(held.held) > 0 then
  if redis.call('HINCRBY', calls, held.part, '-' .. held.held) == 0 then redis.call('HDEL', calls, held.part) end
  a.used = a.used - tonumber(held.held)
end

-- Those who are short of calls share what there is, and what does not divide goes to who has waited longest.
local why, next = '', 0
local room = math.max(0, ask.calls - a.used - rest - grant)
if ask.want > 0 and not again then
  redis.call('ZADD', hungry, 'NX', whole(clock), text.id)
  redis.call('ZADD', seen, whole(clock), text.id)
  for _, id in ipairs(redis.call('ZRANGE', hungry, 0, -1)) do
    local at = redis.call('ZSCORE', seen, id)
    if not at or tonumber(at) < clock - ask.hungry then redis.call('ZREM', hungry, id) end
  end
  local free = room
  if ask.rate > 0 then free = math.min(room, math.floor(a.tokens)) end
  local n, rank = redis.call('ZCARD', hungry), redis.call('ZRANK', hungry, text.id)
  local share = math.floor(free / n)
  if rank < free - share * n then share = share + 1 end
  if pause > 0 then share = 0 end -- nobody makes calls
  grant = math.min(ask.want, share)
  if grant > 0 then redis.call('ZREM', hungry, text.id) end
  if pause > 0 then
    why, next = 'pause', pause
  elseif grant < ask.want then
    why = 'quota'
    if free < room then
      why = 'pace'
      next = math.ceil(math.max(0, 1 - a.tokens + grant) * 1000 / ask.rate)
    end
  end
  a.tokens = a.tokens - grant
elseif ask.want == 0 then
  redis.call('ZREM', hungry, text.id)
end

local part = put(late + ask.ttl + ask.timeout, rest + grant)
redis.call('HSET', lease, 'gen', whole(a.gen), 'seq', text.seq, 'held', whole(rest + grant),
  'grant', whole(grant), 'part', whole(part), 'known', goesOn and '1' or '0')
redis.call('PEXPIRE', lease, whole(ask.ttl + ask.timeout + ask.window)) -- as long as its calls are counted
if ask.leaves == 1 then
  redis.call('ZREM', seen, text.id)
else
  redis.call('ZADD', seen, whole(clock), text.id)
end
local oldest = 0 -- until the first call that is counted is forgotten
if a.used > 0 then
  local _, first = drop(a.floor, a.newest, true)
  a.floor = first
  oldest = math.max(1, first * width + ask.window - early)
end
redis.call('HSET', account, 'format', whole(ask.format), 'epoch', a.epoch, 'lost', a.lost, 'run', run,
  'gen', whole(a.gen), 'calls', text.calls, 'window', text.window, 'rate', text.rate,
  'burst', text.burst, 'ttl', text.ttl, 'used', whole(a.used), 'floor', whole(a.floor), 'newest', whole(a.newest),
  'tokens', string.format('%.6f', a.tokens), 'filled', whole(clock), 'pause', whole(a.pause),
  'last', whole(early), 'reach', whole(a.reach))
return {'ok', a.epoch, a.gen, goesOn and 1 or 0, grant, a.used, why, next, oldest, pause, began, clock}
