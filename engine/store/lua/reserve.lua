-- Raises a call's hold to the highest level that a fair share of what is available covers, but at
-- least by `least` increments or the rest, and writes its meter.
-- KEYS: account, ended  ARGV: call id, epoch, step, granted_n, least, meter, levels …
-- Gives: increments granted in all, the account
local key, ended_key = KEYS[1], KEYS[2]
local id, epoch, step = ARGV[1], whole(ARGV[2]), whole(ARGV[3])
local believed_n, least, meter = whole(ARGV[4]), whole(ARGV[5]), ARGV[6]
local FIRST_LEVEL = 7
local levels_n = #ARGV - FIRST_LEVEL + 1

local function fair_share(account, held)
  local available = math.max(0, account.balance - account.held)
  local least_cost = whole(ARGV[FIRST_LEVEL + math.min(least, levels_n) - 1]) - held
  local most = math.max(quotient(available, account.live), math.min(least_cost, available))
  for n = levels_n, 1, -1 do
    local level = whole(ARGV[FIRST_LEVEL + n - 1])
    if level - held <= most then
      return n, math.max(held, level)
    end
  end
  return 0, held
end

local account = known_account(key)
local hold = owned_hold(account, ended_key, id, epoch)
if hold and hold.epoch == epoch and step <= hold.step then
  return {text(hold.granted_n), view(key)}
end
if levels_n > 0 then
  open_account(account)
end
if not hold then
  if account.balance < 0 then
    return {'0', view(key)}
  end
  hold = {micros = 0, granted_n = 0}
  account.live = account.live + 1
end
hold.epoch, hold.step, hold.meter = epoch, step, meter
if levels_n > 0 and believed_n == hold.granted_n then
  local n, micros = fair_share(account, hold.micros)
  hold.granted_n, hold.micros = hold.granted_n + n, micros
end
write_hold(key, id, hold)
publish(key)
return {text(hold.granted_n), view(key)}
