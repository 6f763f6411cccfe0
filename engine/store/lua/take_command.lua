-- Takes a command to carry it out, unless it has expired or was taken before.
-- KEYS: taken  ARGV: sent_ms, ttl_ms, kept_ms  Gives: 1 if it is to be carried out
if now_ms() - whole(ARGV[1]) > whole(ARGV[2]) then
  return 0
end
return redis.call('SET', KEYS[1], '', 'NX', 'PX', text(ARGV[3])) and 1 or 0
