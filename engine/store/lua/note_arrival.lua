-- Notes when an awaited probe arrived; the first time counts.
-- KEYS: probe  ARGV: at_ms  Gives: 1, or 0 if none is awaited
local noted = redis.call('GET', KEYS[1])
if not noted then
  return 0
end
if noted == '' then
  redis.call('SET', KEYS[1], ARGV[1], 'KEEPTTL')
end
return 1
