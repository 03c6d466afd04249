"""What the Redis server does in one step each: scripts in Lua, the keys they touch named in comments."""

from __future__ import annotations

SCHEMA = 1
WAITING_MS = 3_000
"""How long a process may be silent until those who wait behind it no longer do."""

# head, messages, lease; expected version, owner of the lock or "", id of the append, now, id of a new
# session, then the messages. Gives {0, new version}, {1, version}, {2, 0} without the lock, {3, schema},
# {4, number of messages there} where the head counts others, {5, 0} where it is no head.
APPEND = f"""
local known = redis.call('HMGET', KEYS[1], 'v', 'last', 'n', 'created_at')
if known[1] and not (tonumber(known[1]) and tonumber(known[4])) then return {{5, 0}} end
if known[1] and tonumber(known[1]) > {SCHEMA} then return {{3, tonumber(known[1])}} end
local version = redis.call('LLEN', KEYS[2])
if (known[3] and known[3] ~= tostring(version)) or (version > 0 and not known[1]) then
  return {{4, version}}
end
if known[2] == ARGV[3] then return {{0, version}} end
if ARGV[2] ~= '' and redis.call('HGET', KEYS[3], 'owner') ~= ARGV[2] then return {{2, 0}} end
if version ~= tonumber(ARGV[1]) then return {{1, version}} end
if not known[1] then
  redis.call('HSET', KEYS[1], 'v', {SCHEMA}, 'id', ARGV[5], 'created_at', ARGV[4], 'metadata', '{{}}')
end
local count, now = version + #ARGV - 5, ARGV[4]
if known[4] and tonumber(known[4]) > tonumber(now) then now = known[4] end
redis.call('HSET', KEYS[1], 'last', ARGV[3], 'updated_at', now, 'n', count)
for i = 6, #ARGV do redis.call('RPUSH', KEYS[2], ARGV[i]) end
return {{0, count}}
"""

# head, messages; first and last number. Gives the facts of the head, how many messages there are, and those.
READ = """
return {
  redis.call('HMGET', KEYS[1], 'v', 'n', 'id', 'created_at', 'updated_at', 'metadata'),
  redis.call('LLEN', KEYS[2]),
  redis.call('LRANGE', KEYS[2], ARGV[1], ARGV[2])
}
"""

# head, messages; whether it has to be new, id, times, metadata, then the messages.
SAVE = f"""
if ARGV[1] == '1' and redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('HSET', KEYS[1], 'v', {SCHEMA}, 'id', ARGV[2],
  'created_at', ARGV[3], 'updated_at', ARGV[4], 'metadata', ARGV[5], 'n', #ARGV - 5)
for i = 6, #ARGV do redis.call('RPUSH', KEYS[2], ARGV[i]) end
return 1
"""

# head, messages. Gives whether there was a session.
DELETE = """
local there = redis.call('EXISTS', KEYS[1])
redis.call('DEL', KEYS[1], KEYS[2])
return there
"""

# lease, queue (owners by the time they came), waiting (until when each is believed to wait); owner, length of
# the lease in ms, whether to wait. Gives whether the lease was had.
ACQUIRE = f"""
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local first = redis.call('ZRANGE', KEYS[2], 0, 0)[1]
while first and first ~= ARGV[1] and tonumber(redis.call('HGET', KEYS[3], first) or '0') < now do
  redis.call('ZREM', KEYS[2], first)
  redis.call('HDEL', KEYS[3], first)
  first = redis.call('ZRANGE', KEYS[2], 0, 0)[1]
end
if redis.call('EXISTS', KEYS[1]) == 0 and (not first or first == ARGV[1]) then
  redis.call('ZREM', KEYS[2], ARGV[1])
  redis.call('HDEL', KEYS[3], ARGV[1])
  redis.call('HSET', KEYS[1], 'owner', ARGV[1])
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return 1
end
if redis.call('HGET', KEYS[1], 'owner') == ARGV[1] then return 1 end
if ARGV[3] == '1' then
  redis.call('ZADD', KEYS[2], 'NX', clock[1] * 1000000 + clock[2], ARGV[1])
  redis.call('HSET', KEYS[3], ARGV[1], string.format('%.0f', now + {WAITING_MS}))
  redis.call('PEXPIRE', KEYS[2], {10 * WAITING_MS})
  redis.call('PEXPIRE', KEYS[3], {10 * WAITING_MS})
end
return 0
"""

# lease, queue, waiting; owner.
RELEASE = """
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
if redis.call('HGET', KEYS[1], 'owner') == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
"""

# lease; owner, length of the lease in ms. Gives whether it is still theirs.
RENEW = """
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""
