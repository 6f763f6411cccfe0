-- Removes a finished call for good.
-- KEYS: calls, finished  ARGV: call id, kept_ms
redis.call('HDEL', KEYS[1], ARGV[1])
remember(KEYS[2], ARGV[1], whole(ARGV[2]))
return 'OK'
