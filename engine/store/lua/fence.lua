-- Lets a call's hold refuse the engines of older epochs.
-- KEYS: account, ended  ARGV: call id, epoch
local key, id, epoch = KEYS[1], ARGV[1], whole(ARGV[2])
local value = redis.call('HGET', key, 'h:' .. id)
local hold = value and read_hold(value)
if hold and hold.epoch < epoch then
  hold.epoch, hold.step = epoch, -1
  write_hold(key, id, hold)
end
return 'OK'
