-- What every script begins with. Numbers are doubles in Lua, exact below 2^53: whatever is read or
-- written passes through whole(), and nothing is ever divided but by quotient().

local WHOLE_END = 9007199254740992

local function refuse(code, text)
  error({err = code .. ' ' .. text})
end

local function whole(value)
  local number = tonumber(value)
  if not number or number % 1 ~= 0 or number <= -WHOLE_END or number >= WHOLE_END then
    refuse('RANGE', tostring(value) .. ' cannot be kept')
  end
  return number
end

local function text(number)
  return string.format('%.0f', whole(number))
end

local function quotient(number, divisor)
  return (number - math.fmod(number, divisor)) / divisor
end

local function now_ms()
  local time = redis.call('TIME')
  return whole(time[1]) * 1000 + quotient(whole(time[2]), 1000)
end

-- A hold: micros held, increments granted, epoch and step of the last wish, and the meter, which
-- is left unread; a fixed amount has none.
local function read_hold(value)
  local micros, granted_n, epoch, step, meter = value:match('^(%d+):(%d+):(%d+):(%-?%d+):(.*)$')
  return {
    micros = whole(micros), granted_n = whole(granted_n),
    epoch = whole(epoch), step = whole(step), meter = meter,
  }
end

local function write_hold(key, id, hold)
  local numbers = {text(hold.micros), text(hold.granted_n), text(hold.epoch), text(hold.step)}
  redis.call('HSET', key, 'h:' .. id, table.concat(numbers, ':') .. ':' .. hold.meter)
end

-- The account with all its holds, or nil: how much is held in all, and by how many live calls.
local function read_account(key)
  local flat = redis.call('HGETALL', key)
  if #flat == 0 then
    return nil
  end
  local account = {holds = {}, held = 0, live = 0}
  for at = 1, #flat, 2 do
    local name, value = flat[at], flat[at + 1]
    if name:sub(1, 2) == 'h:' then
      local hold = read_hold(value)
      account.holds[name:sub(3)] = hold
      account.held = whole(account.held + hold.micros)
      account.live = account.live + (hold.meter == '' and 0 or 1)
    elseif name == 'currency' then
      account.currency = value
    else
      account[name] = whole(value)
    end
  end
  return account
end

local function known_account(key)
  return read_account(key) or refuse('UNKNOWN', key .. ' is not in the store')
end

local function same_currency(account, currency)
  if account.currency ~= currency then
    refuse('CONFLICT', 'the account is kept in ' .. account.currency .. ', not ' .. currency)
  end
end

local function open_account(account)
  if account.closed_until > 0 and now_ms() < account.closed_until then
    refuse('CLOSED', 'the account is being put back')
  end
end

-- A call's hold on an account if it has one; a wish of an engine that has lost the call is refused.
local function owned_hold(account, ended_key, id, epoch)
  if redis.call('ZSCORE', ended_key, id) then
    refuse('CONFLICT', id .. ' has been charged')
  end
  local hold = account.holds[id]
  if hold and hold.meter == '' then
    refuse('CONFLICT', id .. ' holds something else')
  end
  if hold and epoch < hold.epoch then
    refuse('CONFLICT', id .. ' belongs to another engine')
  end
  return hold
end

local function remember(key, name, kept_ms)
  local now = now_ms()
  redis.call('ZADD', key, text(now), name)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', text(now - kept_ms))
  redis.call('PEXPIRE', key, text(kept_ms))
end

local function publish(key)
  redis.call('PUBLISH', key, '')
end

local function view(key)
  return redis.call('HGETALL', key)
end

-- An agent: idle since when (in the future during his wrap-up time), since when and why he is
-- paused (no reason: he is not), and since when which call has claimed him, empty for none.
local function read_agent(key, name)
  local value = redis.call('HGET', key, name) or '0:0::0:'
  local idle_since, paused_at, reason, claimed_at, call =
    value:match('^(%d+):(%d+):([%l_]*):(%d+):(.*)$')
  if not idle_since then
    -- As written before pauses had reasons.
    local paused
    idle_since, paused, call = value:match('^(%d+):([01]):(.*)$')
    paused_at, reason, claimed_at = 0, paused == '1' and 'other_work' or '', 0
  end
  return {
    idle_since = whole(idle_since), paused_at = whole(paused_at), reason = reason,
    claimed_at = whole(claimed_at), call = call,
  }
end

local function write_agent(key, name, agent)
  local words = {
    text(agent.idle_since), text(agent.paused_at), agent.reason, text(agent.claimed_at), agent.call,
  }
  redis.call('HSET', key, name, table.concat(words, ':'))
end

local function agent_is_free(agent, now)
  return agent.call == '' and agent.reason == '' and agent.idle_since <= now
end
