-- Writes a live call, unless it is finished or belongs to another engine.
-- KEYS: calls (its name is the channel of changes), finished  ARGV: call id, epoch, engine, the rest of the call
local id, epoch, engine, rest = ARGV[1], whole(ARGV[2]), ARGV[3], ARGV[4]
if redis.call('ZSCORE', KEYS[2], id) then
  refuse('CONFLICT', id .. ' is finished')
end
local kept = redis.call('HGET', KEYS[1], id)
if kept then
  local kept_epoch, kept_engine = kept:match('^(%d+):([^:]*):')
  kept_epoch = whole(kept_epoch)
  if epoch < kept_epoch or (epoch == kept_epoch and engine ~= kept_engine) then
    refuse('CONFLICT', id .. ' belongs to ' .. kept_engine)
  end
end
redis.call('HSET', KEYS[1], id, text(epoch) .. ':' .. engine .. ':' .. rest)
redis.call('PUBLISH', KEYS[1], id)
return 'OK'
