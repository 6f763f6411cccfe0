-- Makes an engine the owner of a call if its epoch is still the one the engine has seen.
-- KEYS: calls (its name is the channel of changes), finished  ARGV: call id, engine, epoch
-- Gives: the call as it is owned now, or nil
local id, engine, epoch = ARGV[1], ARGV[2], whole(ARGV[3])
local kept = redis.call('HGET', KEYS[1], id)
if not kept then
  return false
end
local kept_epoch, kept_engine, rest = kept:match('^(%d+):([^:]*):(.*)$')
kept_epoch = whole(kept_epoch)
if kept_epoch == epoch + 1 and kept_engine == engine then
  return kept
end
if kept_epoch ~= epoch then
  return false
end
local owned = text(epoch + 1) .. ':' .. engine .. ':' .. rest
redis.call('HSET', KEYS[1], id, owned)
redis.call('PUBLISH', KEYS[1], id)
return owned
