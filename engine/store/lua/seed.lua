-- Puts an account in unless it is there already at that sequence number or a later one.
-- KEYS: account, ended  ARGV: currency, balance, seq, closed_ms  Gives: the account
local key = KEYS[1]
local currency, balance, seq, closed_ms = ARGV[1], whole(ARGV[2]), whole(ARGV[3]), whole(ARGV[4])
local account = read_account(key)
if not account then
  local closed_until = closed_ms > 0 and now_ms() + closed_ms or 0
  redis.call('HSET', key, 'currency', currency, 'balance', text(balance), 'seq', text(seq),
    'credited', '0', 'closed_until', text(closed_until))
  publish(key)
elseif account.seq < seq then
  same_currency(account, currency)
  redis.call('HSET', key, 'balance', text(balance), 'seq', text(seq))
  publish(key)
end
return view(key)
