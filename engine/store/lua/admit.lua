-- Counts a call under every limit, unless one is reached or a breaker is open: then under none.
-- KEYS: limits …, breakers …  ARGV: call id, number of limits, (most, window ms) …,
-- (outcomes, least share in percent, window ms) …  Gives: 0, or the place of the key that forbids it
local id, limits_n, now = ARGV[1], whole(ARGV[2]), now_ms()
local at = 3

local function forget_older(key, window_ms)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', text(now - window_ms))
end

for n = 1, limits_n do
  forget_older(KEYS[n], whole(ARGV[at + 1]))
  local counted = redis.call('ZSCORE', KEYS[n], id)
  if not counted and redis.call('ZCARD', KEYS[n]) >= whole(ARGV[at]) then
    return n
  end
  at = at + 2
end
for n = limits_n + 1, #KEYS do
  local window, share = whole(ARGV[at]), whole(ARGV[at + 1])
  forget_older(KEYS[n], whole(ARGV[at + 2]))
  local outcomes = redis.call('ZREVRANGE', KEYS[n], 0, window - 1)
  local good = 0
  for _, outcome in ipairs(outcomes) do
    good = good + (outcome:sub(-2) == ':1' and 1 or 0)
  end
  if #outcomes >= window and good * 100 < share * window then
    return n
  end
  at = at + 3
end
for n = 1, limits_n do
  redis.call('ZADD', KEYS[n], 'NX', text(now), id)
  redis.call('PEXPIRE', KEYS[n], ARGV[2 + 2 * n])
end
return 0
