-- Takes a command to carry it out, unless it has expired or was taken before.
-- KEYS: taken  ARGV: until_ms, kept_ms  Gives: the milliseconds left for it, 0 if there are none
local left_ms = whole(ARGV[1]) - now_ms()
if left_ms <= 0 or not redis.call('SET', KEYS[1], '', 'NX', 'PX', text(ARGV[2])) then
  return 0
end
return left_ms
