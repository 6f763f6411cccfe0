-- Keeps how something came out, for breakers; only as many outcomes as each looks at.
-- KEYS: breakers …  ARGV: subject, 1 or 0, (outcomes, window ms) …
local subject, good, now = ARGV[1], ARGV[2], now_ms()
for n = 1, #KEYS do
  redis.call('ZADD', KEYS[n], 'NX', text(now), subject .. ':' .. good)
  redis.call('ZREMRANGEBYRANK', KEYS[n], 0, -1 - whole(ARGV[1 + 2 * n]))
  redis.call('PEXPIRE', KEYS[n], ARGV[2 + 2 * n])
end
return 'OK'
