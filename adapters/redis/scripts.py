"""What has to happen to a window in one step, as scripts that run inside the server.

A window is a hash. Its field ``state`` holds the epoch and for how many conversations the window was filled from the
archive (0: incomplete), as in ``3 20``; every other field is one conversation. The register of a user is a sorted set
of the keys of their windows by the time at which they expire, so that they are found without a walk through all keys.

Every script names its keys, window and register, which lie in one slot of a cluster.
"""

from __future__ import annotations

import hashlib

import attrs

STATE = b"state"
"""The field that is no conversation; those begin with a digit."""

ORDER_DIGITS = 37
"""How many digits of a field say when; the conversation's id follows them. The scripts count on it."""


@attrs.frozen
class Script:
    """A script and the name by which the server knows it once it was loaded."""

    text: str
    sha: str = attrs.field(init=False, default=attrs.Factory(lambda self: _sha1(self.text), takes_self=True))


def _sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


_STATE_OF = """
local function state_of(window)
  local held = redis.pcall('HGET', window, 'state')
  if type(held) ~= 'string' then return nil end
  local epoch, filled = string.match(held, '^(%d+) (%d+)$')
  -- More digits than a number holds exactly are nobody's epoch.
  if not epoch or #epoch > 15 or #filled > 9 then return nil end
  return tonumber(epoch), tonumber(filled)
end
"""

MERGE = Script(
    _STATE_OF
    + """
local window, register = KEYS[1], KEYS[2]
local epoch, filled, size, ttl_ms = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])

local held_epoch, held_filled = state_of(window)
if held_epoch and held_epoch > epoch then return 0 end
if held_epoch ~= epoch then
  redis.call('DEL', window)
  held_filled = 0
end

-- By conversation: the field that is held, the field that is wanted, and of the given ones the entry.
local held, wanted, entries = {}, {}, {}
for _, field in ipairs(redis.call('HKEYS', window)) do
  if field ~= 'state' then
    held[field] = true
    wanted[string.sub(field, 38)] = field
  end
end
for at = 5, #ARGV, 2 do
  wanted[string.sub(ARGV[at], 38)] = ARGV[at]
  entries[ARGV[at]] = ARGV[at + 1]
end

-- Digits of one length each: the order of the texts is the order in time, in every locale.
local latest = {}
for _, field in pairs(wanted) do latest[#latest + 1] = field end
table.sort(latest)
for at = math.max(1, #latest - size + 1), #latest do
  local field = latest[at]
  held[field] = nil
  if entries[field] then redis.call('HSET', window, field, entries[field]) end
end
for field in pairs(held) do redis.call('HDEL', window, field) end
filled = math.min(math.max(held_filled, filled), size)
redis.call('HSET', window, 'state', string.format('%d %d', epoch, filled))
redis.call('PEXPIRE', window, ttl_ms)

local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local listed = redis.pcall('ZADD', register, now_ms + ttl_ms, window)
if type(listed) == 'table' and listed.err then
  redis.call('DEL', register)
  redis.call('ZADD', register, now_ms + ttl_ms, window)
end
redis.call('ZREMRANGEBYSCORE', register, '-inf', now_ms)
if redis.call('PTTL', register) < ttl_ms then redis.call('PEXPIRE', register, ttl_ms) end
return 1
"""
)
"""Merges conversations into a window and renews its time.

Arguments: epoch, for how many it is filled (0: not), size, time to live in milliseconds, then field and entry by turns.
1; 0 where the window is of a newer epoch and was left alone. A window without a valid state is replaced.
"""

REMOVE = Script(
    _STATE_OF
    + """
local window, register = KEYS[1], KEYS[2]
local epoch = state_of(window)
if not epoch then
  redis.call('DEL', window)
  redis.call('ZREM', register, window)
  return {}
end

local unwanted = {}
for at = 2, #ARGV do unwanted[ARGV[at]] = true end
local gone, left = {}, 0
for _, field in ipairs(redis.call('HKEYS', window)) do
  if field ~= 'state' then
    if unwanted[ARGV[1] == 'id' and string.sub(field, 38) or field] then
      redis.call('HDEL', window, field)
      gone[#gone + 1] = field
    else
      left = left + 1
    end
  end
end
if #gone > 0 then
  if left == 0 then
    redis.call('DEL', window)
    redis.call('ZREM', register, window)
  else
    redis.call('HSET', window, 'state', string.format('%d 0', epoch))
  end
end
return gone
"""
)
"""Takes conversations out of a window, which is incomplete then: the archive may hold older ones that belong there.

Arguments: ``id`` or ``field``, then the ids or the fields. The fields that went. A window that has nothing left, or no
valid state, goes as a whole.
"""

DROP = Script(
    """
local window, register = KEYS[1], KEYS[2]
local fields = redis.pcall('HKEYS', window)
redis.call('DEL', window)
redis.call('ZREM', register, window)
if fields.err then return {} end
return fields
"""
)
"""Deletes a window. The fields that it had."""

ALL = (MERGE, REMOVE, DROP)
