-- Puts a command into an engine's line, which keeps none that has expired.
-- KEYS: line  ARGV: command, within_ms, ttl_ms, most
local until_ms = now_ms() + whole(ARGV[2])
local ttl_ms = whole(ARGV[3])
redis.call('XTRIM', KEYS[1], 'MINID', text(now_ms() - ttl_ms))
if redis.call('XLEN', KEYS[1]) >= whole(ARGV[4]) then
  refuse('CONFLICT', 'too many commands wait for this engine')
end
redis.call('XADD', KEYS[1], '*', 'command', ARGV[1], 'until_ms', text(until_ms))
redis.call('PEXPIRE', KEYS[1], text(2 * ttl_ms))
return 'OK'
