-- Keeps what came of a command; the first answer stands.
-- KEYS: outcome  ARGV: outcome, kept_ms
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('XADD', KEYS[1], '*', 'outcome', ARGV[1])
  redis.call('PEXPIRE', KEYS[1], text(ARGV[2]))
end
return 'OK'
