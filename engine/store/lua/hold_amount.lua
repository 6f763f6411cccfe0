-- Holds a fixed amount if it is available.
-- KEYS: account, ended  ARGV: hold id, micros  Gives: 1 if it is held or booked already, else 0
local key, ended_key = KEYS[1], KEYS[2]
local id, micros = ARGV[1], whole(ARGV[2])
local account = known_account(key)
if redis.call('ZSCORE', ended_key, id) then
  return 1
end
local hold = account.holds[id]
if hold then
  if hold.meter ~= '' or hold.micros ~= micros then
    refuse('CONFLICT', id .. ' holds something else')
  end
  return 1
end
open_account(account)
if micros > account.balance - account.held then
  return 0
end
write_hold(key, id, {micros = micros, granted_n = 0, epoch = 0, step = -1, meter = ''})
publish(key)
return 1
