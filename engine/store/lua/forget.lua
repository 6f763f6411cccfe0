-- Removes a finished call for good, unless it belongs to another engine.
-- KEYS: calls (its name is the channel of changes), finished  ARGV: call id, epoch, kept_ms
local id, epoch = ARGV[1], whole(ARGV[2])
local kept = redis.call('HGET', KEYS[1], id)
if kept then
  local kept_epoch, kept_engine = kept:match('^(%d+):([^:]*):')
  if epoch < whole(kept_epoch) then
    refuse('CONFLICT', id .. ' belongs to ' .. kept_engine)
  end
end
redis.call('HDEL', KEYS[1], id)
remember(KEYS[2], id, whole(ARGV[3]))
redis.call('PUBLISH', KEYS[1], id)
return 'OK'
