-- Puts back a live call's hold that the store has lost; never lowers what is held.
-- KEYS: account, ended  ARGV: call id, epoch, granted_n, meter, micros  Gives: the account
local key, ended_key = KEYS[1], KEYS[2]
local id, epoch, granted_n, meter = ARGV[1], whole(ARGV[2]), whole(ARGV[3]), ARGV[4]
local micros = whole(ARGV[5])
local hold = owned_hold(known_account(key), ended_key, id, epoch)
if not hold or hold.epoch ~= epoch then
  hold = {
    micros = hold and hold.micros or 0, granted_n = hold and hold.granted_n or 0,
    epoch = epoch, step = -1,
  }
end
hold.micros = math.max(hold.micros, micros)
hold.granted_n = math.max(hold.granted_n, granted_n)
hold.meter = meter
write_hold(key, id, hold)
publish(key)
return view(key)
