-- How limits and breakers stand; changes nothing.
-- KEYS: limits …, breakers …  ARGV: number of limits, window ms …, (outcomes, window ms) …
-- Gives: calls counted under each limit, then for each breaker its outcomes and the good ones
local limits_n, now, stands = whole(ARGV[1]), now_ms(), {}
local at = 2

for n = 1, limits_n do
  local since = '(' .. text(now - whole(ARGV[at]))
  stands[#stands + 1] = redis.call('ZCOUNT', KEYS[n], since, '+inf')
  at = at + 1
end
for n = limits_n + 1, #KEYS do
  local since = '(' .. text(now - whole(ARGV[at + 1]))
  local outcomes = redis.call('ZREVRANGEBYSCORE', KEYS[n], '+inf', since, 'LIMIT', 0, ARGV[at])
  local good = 0
  for _, outcome in ipairs(outcomes) do
    good = good + (outcome:sub(-2) == ':1' and 1 or 0)
  end
  stands[#stands + 1] = #outcomes
  stands[#stands + 1] = good
  at = at + 2
end
return stands
