-- Puts a command into an engine's line, which keeps none that has expired.
-- KEYS: line  ARGV: command, ttl_ms, most
local ttl_ms = whole(ARGV[2])
redis.call('XTRIM', KEYS[1], 'MINID', text(now_ms() - ttl_ms))
if redis.call('XLEN', KEYS[1]) >= whole(ARGV[3]) then
  refuse('CONFLICT', 'too many commands wait for this engine')
end
redis.call('XADD', KEYS[1], '*', 'command', ARGV[1])
redis.call('PEXPIRE', KEYS[1], text(2 * ttl_ms))
return 'OK'
