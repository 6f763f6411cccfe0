-- Ends a hold without a charge.
-- KEYS: account, ended  ARGV: hold id
if redis.call('HDEL', KEYS[1], 'h:' .. ARGV[1]) == 1 then
  publish(KEYS[1])
end
return 'OK'
