-- Lets an engine count as living for so long from now.
-- KEYS: engines  ARGV: engine, ttl_ms, kept_ms
local now = now_ms()
redis.call('ZADD', KEYS[1], text(now + whole(ARGV[2])), ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', text(now - whole(ARGV[3])))
return 'OK'
