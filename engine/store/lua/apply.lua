-- Applies a posting if it is the account's next, and ends the hold it names.
-- KEYS: account, ended  ARGV: currency, seq, micros, hold id or empty, kept_ms,
-- 'quiet' or empty  Gives: seq
local key, ended_key = KEYS[1], KEYS[2]
local currency, seq, micros = ARGV[1], whole(ARGV[2]), whole(ARGV[3])
local hold_id, kept_ms = ARGV[4], whole(ARGV[5])
local account = read_account(key)
if not account then
  if seq ~= 1 then
    return '0'
  end
  account = {currency = currency, balance = 0, seq = 0, credited = 0, closed_until = 0, holds = {}}
end
same_currency(account, currency)
if seq ~= account.seq + 1 then
  return text(account.seq)
end
local balance, credited = text(account.balance + micros), text(account.credited + math.max(0, micros))
redis.call('HSET', key, 'currency', currency, 'balance', balance, 'seq', text(seq),
  'credited', credited, 'closed_until', text(account.closed_until))
if hold_id ~= '' then
  redis.call('HDEL', key, 'h:' .. hold_id)
  remember(ended_key, hold_id, kept_ms)
end
if ARGV[6] == '' then
  publish(key)
end
return text(seq)
